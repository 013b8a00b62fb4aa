package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var slowLink = define("slow-link", Network, "one node, or two nodes between each other, are slow for a while",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		var one, other *sim.Node // other nil: one is slow to all
		delay := uint64(0)
		between := func(a, b *sim.Node) bool { return a == one && (other == nil || b == other) }
		w.OnSend(func(m *sim.Message) {
			if one != nil && (between(m.From, m.To) || between(m.To, m.From)) {
				m.Delay += delay + sim.Between(r, 0, delay/10)
				w.Fired(f)
			}
		})
		alternate(w,
			func() uint64 { return lasting(r, 50, 3000) },
			func() uint64 { return lasting(r, 1000, 60_000) },
			func() {
				delay = lasting(r, 200, 2000)
				one, other = pick(r, w.Nodes()), nil
				if r.IntN(2) == 0 {
					other = pick(r, w.Nodes())
				}
			},
			func() { one = nil })
	})
