package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var lateProposal = define("late-proposal", Byzantine, "a forger's block comes when the others are about to give it up: to some just before, to some just after",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		g, _ := w.Genesis()
		attackers(f, w, r, func(a *attacker) {
			a.says(func(m *sim.Message) {
				if p := a.ownProposal(m); p != nil {
					timeout := g.Params.ProposeTimeout + p.Round*g.Params.ProposeTimeoutStep
					m.Delay = sim.Between(a.r, timeout-min(timeout, 30), timeout+30)
					a.struck()
				}
			})
		})
	})
