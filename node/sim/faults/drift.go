package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

// corrected is how far a clock runs away, in milliseconds, before it is set again.
const corrected = 3000

var drift = define("drift", Clocks, "clocks run 0.5 to 5 % fast or slow, until they are 3 s off and are set",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		for n := range w.Nodes() {
			if r.IntN(3) == 0 {
				continue
			}
			step := int64(scale(r, 5, 50)) // milliseconds a second
			if r.IntN(3) == 0 {
				step = -step
			}
			own := int64(0)
			w.While(sim.Between(r, 1, 1000), func() uint64 {
				n := w.Nodes()[n]
				if max(own, -own) >= corrected {
					n.Skew -= own
					own = 0
				}
				n.Skew += step
				own += step
				w.Fired(f)
				return 1000
			})
		}
	})
