package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var lateJoiner = define("late-joiner", Pods, "new nodes join a running chain, and have to fetch all of it",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		left := 1 + r.IntN(3)
		w.While(lasting(r, 200, 10_000), func() uint64 {
			if left == 0 {
				return 1 << 40
			}
			left--
			if _, err := w.Join(); err != nil {
				w.Violate("a new node cannot be made: %v", err)
				return 1 << 40
			}
			w.Fired(f)
			return lasting(r, 1000, 30_000)
		})
	})
