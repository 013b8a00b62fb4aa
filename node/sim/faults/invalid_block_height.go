package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

var invalidHeight = define("invalid-block-height", Byzantine, "a forger's block is of another height than its proposal",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		attackers(f, w, r, func(a *attacker) {
			a.turns(func(v replica.View, round uint64) {
				b := a.forge(v, a.plan(v, round))
				if b == nil {
					return
				}
				b.Header.Height += 1 + a.r.Uint64N(3)
				a.tell(a.others(), replica.FrameProposal, a.freshIn(b, v.Height+1, round))
				a.tell(a.others(), replica.FrameVote, a.both(v.Height+1, round, b.Header.Hash())...)
				a.struck()
			})
		})
	})
