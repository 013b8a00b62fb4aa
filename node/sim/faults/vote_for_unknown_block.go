package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/sim"
)

var voteForUnknownBlock = define("vote-for-unknown-block", Byzantine, "a validator votes for blocks that nobody has",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		attackers(f, w, r, func(a *attacker) {
			a.says(func(m *sim.Message) {
				if v := a.ownVote(m); v != nil { // the same for all, so that nothing proves its guilt
					block := chain.Sum([]byte("unknown"), chain.Uint64(v.Vote.Height), chain.Uint64(v.Vote.Round))
					m.Payload = a.vote(v.Vote.Kind, v.Vote.Height, v.Vote.Round, block)
					a.struck()
				}
			})
		})
	})
