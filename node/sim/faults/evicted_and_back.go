package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var evictedAndBack = define("evicted-and-back", Pods, "a node is stopped again and again, hardly that it is back",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		var n *sim.Node
		left := 0
		w.While(lasting(r, 200, 5000), func() uint64 {
			if left == 0 {
				n, left = pick(r, w.Nodes()), 2+r.IntN(8)
			}
			if n == nil {
				left = 0
				return 500
			}
			if left--; n.Up() {
				n.Stop(lasting(r, 20, 1000))
				w.Fired(f)
			}
			if left == 0 {
				return lasting(r, 500, 10_000)
			}
			return lasting(r, 50, 2500)
		})
	})
