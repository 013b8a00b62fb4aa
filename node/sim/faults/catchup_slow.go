package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var catchupSlow = define("catchup-slow", Peers, "a peer answers just before the patience of who asks ends, or after it",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		liars(f, w, r, func(a *sim.Fetch) bool {
			if a.Delay = sim.Between(r, 13_500, 14_900); r.IntN(2) == 0 {
				a.Delay = sim.Between(r, 15_000, 60_000)
			}
			return true
		})
	})
