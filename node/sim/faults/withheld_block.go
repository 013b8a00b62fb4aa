package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var withheldBlock = define("withheld-block", Byzantine, "a forger votes for its block in front of all and gives the block to one peer, or to nobody",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		attackers(f, w, r, func(a *attacker) {
			var height uint64
			var favourite *sim.Node
			a.says(func(m *sim.Message) {
				p := a.ownProposal(m)
				if p == nil {
					return
				}
				if p.Height != height {
					height, favourite = p.Height, nil
					if all := a.others(); a.chance(0.7) {
						favourite = all[a.r.IntN(len(all))]
					}
				}
				if m.To != favourite {
					m.Copies = 0
					a.struck()
				}
			})
		})
	})
