package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var messageDuplication = define("message-duplication", Network, "messages arrive several times",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		p, most, spread := scale(r, 0.02, 0.8), 1+r.IntN(4), lasting(r, 1, 10_000)
		w.OnSend(func(m *sim.Message) {
			if m.Copies > 0 && sim.Chance(r, p) {
				m.Copies += 1 + r.IntN(most)
				m.Spread = max(m.Spread, spread)
				w.Fired(f)
			}
		})
	})
