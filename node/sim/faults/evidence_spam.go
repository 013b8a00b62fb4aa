package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

var evidenceSpam = define("evidence-spam", Byzantine, "false evidence against everybody, true evidence again and again, and evidence of the future",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		attackers(f, w, r, func(a *attacker) {
			var truth []byte // against itself, once it gives itself away
			confess := sim.Between(a.r, 1, 20)
			a.sometimes(50, func(v replica.View) {
				if truth == nil && v.Height >= confess {
					one, two := a.vote(chain.Prevote, v.Height, 0, chain.Hash{}), a.vote(chain.Prevote, v.Height, 0, a.anything())
					truth = chain.Encode(chain.NewEvidence(chain.EvidenceVotes, a.Address(), one, two))
				}
				a.spam(v)
			})
			// The truth goes on when the validator is long jailed.
			a.world.Always(100, func() uint64 {
				if truth != nil {
					a.tell(a.others(), replica.FrameEvidence, truth, truth)
					a.struck()
				}
				return sim.Between(a.r, 50, 500)
			})
		})
	})

func (a *attacker) spam(v replica.View) {
	ahead := v.Height + 100
	future := chain.NewEvidence(chain.EvidenceVotes, a.Address(),
		a.vote(chain.Precommit, ahead, 0, chain.Hash{}), a.vote(chain.Precommit, ahead, 0, a.anything()))
	unknown := chain.NewEvidence(chain.EvidenceKind(4+a.r.IntN(9)), a.Address(), future.A, future.B)
	wrongOrder := &chain.Evidence{Kind: chain.EvidenceVotes, Validator: a.Address(), A: future.B, B: future.A}
	a.tell(a.others(), replica.FrameEvidence, a.falseEvidence(v.Height+1), a.falseEvidence(max(v.Height, 1)),
		chain.Encode(future), chain.Encode(unknown), chain.Encode(wrongOrder))
	a.struck()
}
