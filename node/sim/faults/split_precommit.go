package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/sim"
)

var splitPrecommit = define("split-precommit", Byzantine, "a validator precommits in front of some and not of others, so that some decide alone",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		attackers(f, w, r, func(a *attacker) {
			var height uint64
			var told []*sim.Node
			a.says(func(m *sim.Message) {
				v := a.ownVote(m)
				if v == nil || v.Vote.Kind != chain.Precommit {
					return
				}
				if v.Vote.Height != height {
					height = v.Vote.Height
					told, _ = a.halves()
				}
				for _, n := range told {
					if n == m.To {
						return
					}
				}
				m.Copies = 0
				a.struck()
			})
		})
	})
