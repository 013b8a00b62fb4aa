package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var clockSkew = define("clock-skew", Clocks, "every clock is off by up to 3 s, each by its own",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		most := lasting(r, 50, 3000)
		for _, n := range w.Nodes() {
			if off := int64(sim.Between(r, 0, 2*most)) - int64(most); off != 0 {
				n.Skew += off
				w.Fired(f)
			}
		}
	})
