//go:build race

package hostile

// measured is false under the race detector: it makes sync.Pool forget at random
// and adds memory of its own, so what is counted would say nothing.
const measured = false
