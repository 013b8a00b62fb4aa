package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

var invalidRound = define("invalid-block-round", Byzantine, "a forger's block says another round than its proposal",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		attackers(f, w, r, func(a *attacker) {
			a.turns(func(v replica.View, round uint64) {
				said := round + 1 + a.r.Uint64N(5)
				if round > 0 && a.chance(0.5) {
					said = a.r.Uint64N(round)
				}
				if b := a.forge(v, a.plan(v, said)); b != nil {
					a.tell(a.others(), replica.FrameProposal, a.freshIn(b, v.Height+1, round))
					a.tell(a.others(), replica.FrameVote, a.both(v.Height+1, round, b.Header.Hash())...)
					a.struck()
				}
			})
		})
	})
