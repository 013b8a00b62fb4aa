package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var stakeFlood = define("stake-flood", Stake, "hundreds of changes of stake come at once, in one block or two",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		w.While(lasting(r, 500, 5000), func() uint64 {
			for range lasting(r, 20, 300) {
				if bondToOne(w, r, sim.Between(r, 1, 2000)) {
					w.Fired(f)
				}
			}
			return lasting(r, 3000, 30_000)
		})
	})
