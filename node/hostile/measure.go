package hostile

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// tries is how often a reading above the bound is repeated before it counts.
const tries = 5

// Allocated is the number of bytes that f allocates: the least of a few runs,
// ended early by one of at most enough. Not for use beside parallel tests, whose
// allocations would count. Under the race detector nothing is counted.
func Allocated(f func(), enough uint64) uint64 {
	if !measured {
		f()
		return 0
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties pools, which then are filled again
	least := ^uint64(0)
	for range tries {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		if least = min(least, after.TotalAlloc-before.TotalAlloc); least <= enough {
			break
		}
	}
	return least
}

// roughly is like Allocated, once, and without stopping the world: it may miss what
// the runtime has not counted yet, a few small pages.
func roughly(f func()) uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	before := sample[0].Value.Uint64()
	f()
	metrics.Read(sample)
	return sample[0].Value.Uint64() - before
}
