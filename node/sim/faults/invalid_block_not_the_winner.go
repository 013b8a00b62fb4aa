package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

var invalidNotTheWinner = define("invalid-block-not-the-winner", Byzantine, "a validator forges in rounds that another has won",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		attackers(f, w, r, func(a *attacker) {
			a.rounds(func(v replica.View, round uint64) {
				if a.wins(v, round) {
					return
				}
				if b := a.forge(v, a.plan(v, round)); b != nil {
					a.tell(a.others(), replica.FrameProposal, a.fresh(b))
					a.struck()
				}
			})
		})
	})
