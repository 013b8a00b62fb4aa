package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var stakeMoves = define("stake-moves", Stake, "stake is bonded to one validator and another: weights change every few heights",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		most := uint64(scale(r, 1000, 400_000))
		w.While(lasting(r, 100, 5000), func() uint64 {
			if bondToOne(w, r, sim.Between(r, 1, most)) {
				w.Fired(f)
			}
			return lasting(r, 200, 10_000)
		})
	})

// bondToOne has stake bonded to a random validator, if it is one to be trusted.
func bondToOne(w *sim.World, r *rand.Rand, amount uint64) bool {
	all := w.Validators()
	return w.Bond(all[r.IntN(len(all))], amount)
}
