package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var rollingRestart = define("rolling-restart", Pods, "one node after the other is stopped, the next when the last is back and has decided something",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		next, at := 0, uint64(0)
		var last *sim.Node
		w.While(lasting(r, 50, 3000), func() uint64 {
			if last != nil && (!last.Up() || last.Height() <= at) {
				return 200
			}
			nodes := w.Nodes()
			n := nodes[len(nodes)-1-next%len(nodes)] // highest ordinal first
			next++
			if !n.Up() {
				return 200
			}
			last, at = n, n.Height()
			n.Stop(lasting(r, 300, 8000))
			w.Fired(f)
			if next%len(nodes) == 0 {
				return lasting(r, 1000, 20_000)
			}
			return 200
		})
	})
