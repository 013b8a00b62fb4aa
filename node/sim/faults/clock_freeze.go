package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var clockFreeze = define("clock-freeze", Clocks, "clocks stand still for a while, and then show the time again",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		w.While(lasting(r, 50, 3000), func() uint64 {
			for n := range part(r, w.Nodes()) {
				if n.Stands > 0 {
					continue
				}
				n.Stands = uint64(int64(w.Now()) + n.Skew)
				w.Fired(f)
			}
			stopped := lasting(r, 200, 30_000)
			w.After(stopped, func() {
				for _, n := range w.Nodes() {
					n.Stands = 0
				}
			})
			return stopped + lasting(r, 200, 10_000)
		})
	})
