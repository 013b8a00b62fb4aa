package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

var stakeDuringCrashes = define("stake-during-crashes", Stake, "validators crash while a change of the set is under way and when it takes effect",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		g, _ := w.Genesis()
		w.While(lasting(r, 50, 2000), func() uint64 {
			if !bondToOne(w, r, sim.Between(r, 1000, 300_000)) {
				return lasting(r, 500, 5000)
			}
			// Each at a height of its own, around that from which the new set votes.
			for _, n := range w.Validators() {
				if r.IntN(2) == 0 {
					continue
				}
				at := n.Height() + sim.Between(r, 0, g.Params.SetDelay+3)
				down, done := lasting(r, 1, 3000), false
				w.While(sim.Between(r, 1, 100), func() uint64 {
					switch {
					case done:
						return 1 << 40
					case !n.Up() || n.Height() < at:
						return 20
					}
					loss := disk.None()
					if r.IntN(2) == 0 {
						loss = disk.Mixed(r)
					}
					n.Crash(loss, down)
					w.Fired(f)
					done = true
					return 1 << 40
				})
			}
			return lasting(r, 5000, 20_000)
		})
	})
