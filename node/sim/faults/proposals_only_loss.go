package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

var proposalsOnlyLoss = define("proposals-only-loss", Network, "proposals are lost, and nothing else",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		p := 0.1 + 0.7*r.Float64()
		w.OnSend(func(m *sim.Message) {
			if m.Kind == replica.FrameProposal && m.Copies > 0 && sim.Chance(r, p) {
				m.Copies = 0
				w.Fired(f)
			}
		})
	})
