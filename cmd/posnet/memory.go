package main

import (
	"errors"
	"log/slog"
	"math"
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// memoryShare is the part of the container's memory that the Go runtime is to stay within. The rest is for what it does not
// count: the program itself, and the pages that the kernel writes for it.
const memoryShare = 0.9

// collectAt is how much the heap of a node grows, in percent of what was left of it, before garbage is collected. At the peak the
// usual 100 gave a tenth more transfers, for a third more memory (docs/performance.md).
const collectAt = 60

// collectEarly sets collectAt, unless GOGC says otherwise.
func collectEarly() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
}

// limitMemory makes the garbage collector work harder when the process comes near the limit of its container, instead of being
// killed at it. Without a limit it changes nothing, and GOMEMLIMIT, where it is set, goes before.
func limitMemory(log *slog.Logger) {
	limit, err := memlimit.Set(memlimit.WithRatio(memoryShare))
	switch {
	case limit == math.MaxInt64, errors.Is(err, memlimit.ErrNoCgroup), errors.Is(err, memlimit.ErrCgroupsNotSupported):
		log.Debug("memory is not limited")
	case err != nil: // no reason not to run
		log.Warn("the memory limit of the container was not read", "error", err)
	default:
		log.Info("memory limit taken from the container", "limit_bytes", limit)
	}
}
