package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var crashLoop = define("crash-loop", Disks, "one node dies again and again soon after it has started, and loses what it had not synced",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		victim := w.Nodes()[r.IntN(len(w.Nodes()))]
		w.While(sim.Between(r, 100, 5000), func() uint64 {
			if victim.Up() {
				victim.Crash(anyLoss(r), sim.Between(r, 1, 300))
				w.Fired(f)
			}
			if r.IntN(20) == 0 {
				victim = w.Nodes()[r.IntN(len(w.Nodes()))]
			}
			return sim.Between(r, 1, 1500)
		})
	})
