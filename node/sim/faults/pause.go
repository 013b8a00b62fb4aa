package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var pause = define("pause", Clocks, "a process stands still as by SIGSTOP for up to 30 s, and does not know",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		w.While(lasting(r, 200, 5000), func() uint64 {
			if n := pick(r, w.Nodes()); n != nil {
				n.Freeze(lasting(r, 100, 30_000))
				w.Fired(f)
			}
			return lasting(r, 200, 30_000)
		})
	})
