package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

// behind is how many heights make an absence long.
const behind = 10

var longAbsence = define("long-absence", Pods, "one node is away for many heights, and has to catch up",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		w.While(lasting(r, 200, 5000), func() uint64 {
			n := pick(r, w.Nodes())
			if n == nil {
				return 1000
			}
			away := lasting(r, 10_000, 60_000)
			n.Stop(away)
			w.After(away-1, func() {
				for _, other := range w.Nodes() {
					if other.Height() >= n.Height()+behind {
						w.Fired(f)
						return
					}
				}
			})
			return away + lasting(r, 1000, 20_000)
		})
	})
