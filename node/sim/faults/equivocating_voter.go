package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

var equivocatingVoter = define("equivocating-voter", Byzantine, "a validator votes for one block to some, for another or nil to others",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		p := []float64{1, 0.2, 0.02}[r.IntN(3)] // a careful one is caught later
		attackers(f, w, r, func(a *attacker) {
			blocks := []chain.Hash{{}} // nil, and what was proposed lately
			a.hears(func(m *sim.Message) {
				if p := proposalIn(m); p != nil {
					blocks = append(blocks[:1], append(blocks[max(1, len(blocks)-3):], p.BlockHash)...)
				}
			})
			a.says(func(m *sim.Message) {
				v := a.ownVote(m)
				if v == nil || !a.chance(p) {
					return
				}
				other := blocks[a.r.IntN(len(blocks))]
				if other == v.Vote.BlockHash {
					other = chain.Hash{}
				}
				if other == v.Vote.BlockHash {
					other = chain.Sum([]byte{byte(a.r.IntN(256))})
				}
				contrary := a.vote(v.Vote.Kind, v.Vote.Height, v.Vote.Round, other)
				if a.chance(0.5) {
					m.Payload = contrary
				} else {
					a.tell([]*sim.Node{m.To}, replica.FrameVote, contrary)
				}
				a.struck()
			})
		})
	})
