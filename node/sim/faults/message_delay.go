package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var messageDelay = define("message-delay", Network, "messages take long, and a few very long",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		usual, rare := lasting(r, 10, 400), 0.01*r.Float64()
		w.OnSend(func(m *sim.Message) {
			m.Delay += sim.Between(r, 0, 2*usual)
			if sim.Chance(r, rare) {
				m.Delay += lasting(r, 500, 5000)
			}
			w.Fired(f)
		})
	})
