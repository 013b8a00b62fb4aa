package faults

import "github.com/posnet/posnet/node/chain"

var invalidFalseEvidence = spoiltBody("false-evidence", "punishes an honest validator without proof", func(t *turn, b *chain.Block) bool {
	b.Evidence = append(b.Evidence, t.falseEvidence(t.view.Height+1))
	return true
})

// falseEvidence accuses somebody of what it did not do.
func (a *attacker) falseEvidence(height uint64) []byte {
	victims := a.world.Validators()
	victim := victims[a.r.IntN(len(victims))].Address()
	vote := func(kind chain.VoteKind, round uint64, block chain.Hash) []byte {
		v := chain.Vote{Kind: kind, Height: height, Round: round, BlockHash: block}
		return chain.Encode(&chain.SignedVote{Vote: v, Validator: victim, Signature: a.Consensus.Sign(chain.VoteMessage(a.genesis, &v))})
	}
	one, two := vote(chain.Prevote, 0, chain.Hash{}), vote(chain.Prevote, 0, a.anything())
	switch a.r.IntN(4) {
	case 0: // no contradiction: two slots
		two = vote(chain.Precommit, 0, a.anything())
	case 1:
		two = vote(chain.Prevote, 1, a.anything())
	case 2:
		two = one
	}
	return chain.Encode(chain.NewEvidence(chain.EvidenceVotes, victim, one, two))
}
