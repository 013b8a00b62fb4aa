package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

var amnesia = define("amnesia", Byzantine, "a validator forgets what it is locked on and votes for whatever comes next",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		unrest(w, r)
		attackers(f, w, r, func(a *attacker) {
			a.says(func(m *sim.Message) {
				if a.ownVote(m) != nil {
					m.Copies = 0 // it votes below, once a round: nothing proves its guilt
				}
			})
			var height, last uint64
			var locked chain.Hash
			voted := map[uint64]bool{}
			choose := func(h, round uint64, block chain.Hash) {
				if h != height {
					height, last, locked = h, 0, chain.Hash{}
					clear(voted)
				}
				if voted[round] {
					return
				}
				voted[round] = true
				if round > last && !locked.IsZero() && block != locked {
					a.struck()
				}
				last, locked = max(round, last), block
				a.tell(a.others(), replica.FrameVote, a.both(h, round, block)...)
			}
			see := func(m *sim.Message) {
				if p := proposalIn(m); p != nil {
					if v, ok := a.view(); ok && p.Height == v.Height+1 {
						choose(p.Height, p.Round, p.BlockHash)
					}
				}
			}
			a.hears(see)
			a.says(see)
			a.rounds(func(v replica.View, round uint64) {
				a.world.After(v.Params.ProposeTimeout, func() {
					if now, ok := a.view(); ok && now.Height == v.Height && now.Round == round {
						choose(v.Height+1, round, chain.Hash{})
					}
				})
			})
		})
	})
