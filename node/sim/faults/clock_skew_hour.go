package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

// A node whose clock is off by an hour votes for nobody's block, and nobody votes for its. It must stop none of the others.
var clockSkewHour = define("clock-skew-hour", Clocks, "one clock is off by minutes to an hour, all the time",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		by := int64(lasting(r, 60_000, 3_600_000))
		if r.IntN(2) == 0 {
			by = -by
		}
		for _, i := range r.Perm(len(w.Validators())) {
			if w.Validators()[i].Misset(by) {
				w.Fired(f)
				return
			}
		}
	})
