package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var validatorJoins = define("validator-joins", Stake, "a follower registers its keys, gets stake and becomes a validator",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		w.While(lasting(r, 100, 2000), func() uint64 {
			n := follower(w)
			if n == nil {
				var err error
				if n, err = w.Join(); err != nil {
					w.Violate("a new node cannot be made: %v", err)
					return 1 << 40
				}
			}
			w.Register(n)
			if r.IntN(2) == 0 {
				n.Stop(lasting(r, 100, 3000)) // it learns from the chain that it is a validator
			}
			w.Bond(n, sim.Between(r, 100_000, 1_500_000))
			w.While(500, func() uint64 {
				if n.Up() && n.Replica().View().Validator {
					w.Fired(f)
					return 1 << 40
				}
				return 500
			})
			return lasting(r, 20_000, 60_000)
		})
	})

// follower is a node that has no stake and will get none; nil: there is none.
func follower(w *sim.World) *sim.Node {
	for _, n := range w.Nodes()[len(w.Validators()):] {
		if n.Up() && n.Weight() == 0 && n.Trusted() {
			return n
		}
	}
	return nil
}
