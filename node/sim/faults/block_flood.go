package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

var blockFlood = define("block-flood", Byzantine, "a forger signs blocks for all rounds to come that it will win, and several for each, so that no other has room",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		attackers(f, w, r, func(a *attacker) {
			p := []float64{0, 0.3}[a.r.IntN(2)] // several for one round give it away
			a.rounds(func(v replica.View, round uint64) {
				for ahead := round + 1; ahead < round+60; ahead++ {
					if !a.wins(v, ahead) {
						continue
					}
					d := a.plan(v, ahead)
					if a.chance(0.5) {
						d.txs = nil
					}
					for ok := true; ok; ok = a.chance(p) {
						if b := a.forge(v, d); b != nil {
							a.tell(a.others(), replica.FrameProposal, a.fresh(b))
							a.struck()
						}
						d.time++
					}
				}
			})
		})
	})
