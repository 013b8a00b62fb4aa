package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

var roundRush = define("round-rush", Byzantine, "a validator votes nil in the next rounds as soon as one begins, to drag the others along",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		attackers(f, w, r, func(a *attacker) {
			a.says(func(m *sim.Message) {
				if a.ownVote(m) != nil {
					m.Copies = 0 // its words are those below
				}
			})
			said := map[uint64]bool{}
			height := uint64(0)
			a.sometimes(20, func(v replica.View) {
				if v.Height+1 != height {
					height = v.Height + 1
					clear(said)
				}
				for round := v.Round; round <= v.Round+2; round++ {
					if said[round] {
						continue
					}
					said[round] = true
					a.tell(a.others(), replica.FrameVote, a.both(height, round, chain.Hash{})...)
					a.struck()
				}
			})
		})
	})
