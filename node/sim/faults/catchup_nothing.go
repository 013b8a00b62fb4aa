package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var catchupNothing = define("catchup-nothing", Peers, "a peer answers at once, with nothing",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		liars(f, w, r, func(a *sim.Fetch) bool {
			a.Blocks, a.Err = nil, nil
			return true
		})
	})
