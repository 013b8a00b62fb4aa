// Package figure holds what a run measures and how it is told: statistics, the list of figures, the table, the JSON line.
//
// It is arithmetic and text only. What fills a [Run] is in packages comet and posnet; which figures there are, in which
// unit and order, is decided in one place, [All], and both the table and the JSON line follow it.
package figure

import "math"

// Load is what one loaded phase measured.
type Load struct {
	// Final is how many transactions the blocks of the measured window hold.
	Final int
	// Seconds is how long the window was.
	Seconds float64
	// P50 and P99 are from sending to commit, in milliseconds.
	P50, P99 float64
	// NodeCPU and GeneratorCPU are seconds of processor time within the window:
	// of all nodes, and of what makes the load.
	NodeCPU, GeneratorCPU float64
	// MemoryMax and MemoryMean are resident bytes of all nodes together within
	// the window.
	MemoryMax, MemoryMean float64
	// Blocks is how many blocks the window saw committed.
	Blocks int
	// DiskBytes is what all nodes' directories grew by over the whole phase, and
	// DiskTxs how many transactions came into blocks meanwhile.
	DiskBytes float64
	DiskTxs   int
}

// TxPerSecond is the throughput; not a number if nothing was measured.
func (l Load) TxPerSecond() float64 { return ratio(float64(l.Final), l.Seconds) }

// Run is one round of one system.
type Run struct {
	System     string
	Validators int
	Cores      int // of the machine
	// IdleP50 and IdleP99 are from sending to commit in milliseconds, one
	// transaction at a time, IdleCount of them.
	IdleP50, IdleP99 float64
	IdleCount        int
	Peak, Paced      Load
}

// ratio is a / b, and not a number where there is nothing to divide by.
func ratio(a, b float64) float64 {
	if b == 0 {
		return math.NaN()
	}
	return a / b
}
