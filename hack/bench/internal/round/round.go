// Package round says what is asked of a system in one round, the same of each.
package round

import (
	"fmt"
	"time"
)

// Setup is one round of one system.
type Setup struct {
	// Exe is the system's program.
	Exe string
	// Dir is an empty directory on a disk for the network's data; the caller
	// removes it. Records is where processes are remembered and write their logs.
	Dir, Records string
	// Validators is how many nodes there are; all of them vote with equal power.
	Validators int
	// Idle is how many transactions are sent one at a time; 0 leaves it out.
	Idle int
	// Warmup and Duration are of the peak; what happens in the warm-up is not
	// counted.
	Warmup, Duration time.Duration
	// Rate is how many transactions are offered in a second at the peak; 0 is as
	// many as are taken.
	Rate int
	// InFlight is how many transactions are under way at most at the peak: sent, and not yet seen in a block.
	InFlight int
	// Tell shows progress: one line that the next one replaces.
	Tell func(text string)
}

// Paced is the second phase, at half of the peak: a third as long, but long
// enough for a percentile to mean something.
func (s Setup) Paced() (warmup, duration time.Duration) {
	return s.Warmup / 2, min(s.Duration, max(s.Duration/3, 10*time.Second))
}

// Tellf is Tell with a format.
func (s Setup) Tellf(format string, args ...any) { s.Tell(fmt.Sprintf(format, args...)) }
