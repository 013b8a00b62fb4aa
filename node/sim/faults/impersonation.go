package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

var impersonation = define("impersonation", Byzantine, "votes in the names of honest validators, signed with another key",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		attackers(f, w, r, func(a *attacker) {
			a.sometimes(40, func(v replica.View) {
				for _, victim := range a.world.Validators() {
					if victim == a.Node {
						continue
					}
					vote := chain.Vote{Kind: chain.VoteKind(1 + a.r.IntN(2)), Height: v.Height + 1 + a.r.Uint64N(2), Round: v.Round + a.r.Uint64N(3)}
					if a.chance(0.5) {
						vote.BlockHash = chain.Sum([]byte("no block"))
					}
					signed := chain.SignedVote{Vote: vote, Validator: victim.Address(), Signature: a.Consensus.Sign(chain.VoteMessage(a.genesis, &vote))}
					if a.chance(0.2) {
						signed.Signature = chain.Signature{} // with the identity point as key this one would hold
					}
					a.tell(a.others(), replica.FrameVote, chain.Encode(&signed))
					a.struck()
				}
			})
		})
	})
