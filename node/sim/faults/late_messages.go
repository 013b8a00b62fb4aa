package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var lateMessages = define("late-messages", Network, "messages arrive half a minute to five minutes late, or come again that late",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		p := scale(r, 0.002, 0.1)
		w.OnSend(func(m *sim.Message) {
			if m.Copies == 0 || !sim.Chance(r, p) {
				return
			}
			if r.IntN(2) == 0 {
				m.Delay += lasting(r, 30_000, 300_000)
			} else {
				m.Copies++
				m.Spread = max(m.Spread, lasting(r, 30_000, 300_000))
			}
			w.Fired(f)
		})
	})
