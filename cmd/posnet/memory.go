package main

import (
	"errors"
	"log/slog"
	"math"
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/posnet/posnet/node"
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

// Bounds of the cache of the state.
const (
	usualCache     = 64 << 20
	mostCache      = 1 << 40
	mostFreeCache  = 1 << 30 // where nobody set a limit
	partOfLimit    = 8
	partOfMachine  = 32 // which runs other things, too: a devnet has four nodes
	machineUnknown = 0
)

// cacheOf is how much of the state a node keeps in memory. limit is what the process is to stay within, math.MaxInt64 if nobody
// said; machine the memory of the machine.
func cacheOf(limit, machine int64) int64 {
	if limit == math.MaxInt64 {
		return min(max(machine/partOfMachine, usualCache), mostFreeCache)
	}
	return max(limit/partOfLimit, node.LeastCache)
}

// memoryLimit is that of the container, or of GOMEMLIMIT, as limitMemory has left it; math.MaxInt64: there is none.
func memoryLimit() int64 {
	limit := debug.SetMemoryLimit(-1)
	if limit == math.MaxInt64 {
		return limit
	}
	return int64(float64(limit) / memoryShare)
}

// machineMemory is that of the machine in bytes, or machineUnknown.
func machineMemory() int64 {
	bytes, err := memlimit.FromSystem()
	if err != nil || bytes > math.MaxInt64 {
		return machineUnknown
	}
	return int64(bytes)
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
