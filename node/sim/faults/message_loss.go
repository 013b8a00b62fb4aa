package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var messageLoss = define("message-loss", Network, "messages are lost",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		p := 0.01 + 0.2*r.Float64()
		w.OnSend(func(m *sim.Message) {
			if sim.Chance(r, p) {
				m.Copies = 0
				w.Fired(f)
			}
		})
	})
