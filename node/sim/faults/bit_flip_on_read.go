package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var bitFlipOnRead = define("bit-flip-on-read", Disks, "a bit is wrong in what a node reads of its keys, its sign-state or its consensus log when it starts",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		badReads(f, w, r, func(data []byte) int {
			at := len(data)
			if r.IntN(3) > 0 {
				at = min(at, 4096) // where the records are, mostly
			}
			data[r.IntN(at)] ^= 1 << r.IntN(8)
			return len(data)
		})
	})
