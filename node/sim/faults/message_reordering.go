package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var messageReordering = define("message-reordering", Network, "messages overtake each other",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		p, window := scale(r, 0.05, 1), lasting(r, 20, 1500)
		w.OnSend(func(m *sim.Message) {
			if sim.Chance(r, p) {
				m.Delay += sim.Between(r, 0, window)
				w.Fired(f)
			}
		})
	})
