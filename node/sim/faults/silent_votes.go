package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var silentVotes = define("silent-votes", Byzantine, "a validator proposes and never votes",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		attackers(f, w, r, func(a *attacker) {
			a.says(func(m *sim.Message) {
				if a.ownVote(m) != nil {
					m.Copies = 0
					a.struck()
				}
			})
		})
	})
