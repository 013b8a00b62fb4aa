package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var podReplaced = define("pod-replaced", Pods, "a pod goes and comes back on another machine: same volume, new address",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		w.While(lasting(r, 50, 3000), func() uint64 {
			if n := pick(r, w.Nodes()); n != nil {
				n.Stop(lasting(r, 200, 10_000))
				n.Move()
				w.Fired(f)
			}
			return lasting(r, 500, 20_000)
		})
	})
