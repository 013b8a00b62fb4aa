package consensus

import (
	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/stake"
)

// maxConflicts is how many different votes of one validator for one slot are
// kept. One is honest, two prove a contradiction; the rest is noise.
const maxConflicts = 2

// maxVotes bounds what one validator may say in one slot: its conflicts, and
// one vote for each block that is held. Who says more may have counted for a
// quorum elsewhere; then the certificate comes from there.
const maxVotes = maxConflicts + maxBlocks

// tally holds the votes of one kind in one round. A validator that contradicts
// itself counts for each block it voted for, as in the paper, whose rules speak
// of messages received; but only once towards "any".
type tally struct {
	set    *stake.Set
	votes  [][]Vote // by validator: what it signed, the first kept first
	any    uint64   // stake that voted at all
	stakes map[chain.Hash]uint64
}

func newTally(set *stake.Set) *tally {
	return &tally{set: set, votes: make([][]Vote, set.Len()), stakes: map[chain.Hash]uint64{}}
}

// add counts a vote. known says that the block of the vote is held: such a
// vote is kept even from a validator that has used up its conflicts. It
// returns an earlier vote that contradicts this one, if there is any and this
// one is new.
func (t *tally) add(v Vote, known bool) (conflict *Vote) {
	held := t.votes[v.index]
	for i := range held {
		if held[i].signed.Vote == v.signed.Vote {
			return nil
		}
	}
	if len(held) >= maxConflicts && !known || len(held) >= maxVotes {
		return nil
	}
	w := t.set.At(v.index).Stake
	if len(held) == 0 {
		t.any += w
	} else {
		conflict = &held[0]
	}
	t.votes[v.index] = append(held, v)
	t.stakes[v.signed.Vote.BlockHash] += w
	return conflict
}

// drop forgets a validator's votes.
func (t *tally) drop(i int) {
	for _, v := range t.votes[i] {
		t.stakes[v.signed.Vote.BlockHash] -= t.set.At(i).Stake
	}
	if len(t.votes[i]) > 0 {
		t.any -= t.set.At(i).Stake
	}
	t.votes[i] = nil
}

// quorum reports whether more than two thirds voted for the block (zero: nil).
func (t *tally) quorum(h chain.Hash) bool { return t.set.Quorum(t.stakes[h]) }

// quorumAny reports whether more than two thirds voted for anything.
func (t *tally) quorumAny() bool { return t.set.Quorum(t.any) }

// chosen is the block with a quorum; at most one exists unless a third of the
// stake is faulty, and then the validators' order decides which is seen.
func (t *tally) chosen() (chain.Hash, bool) {
	for _, held := range t.votes {
		for _, v := range held {
			h := v.signed.Vote.BlockHash
			if !h.IsZero() && t.quorum(h) {
				return h, true
			}
		}
	}
	return chain.Hash{}, false
}

// of lists the votes for one block in the order of the set.
func (t *tally) of(h chain.Hash) []chain.SignedVote {
	var out []chain.SignedVote
	for _, held := range t.votes {
		for _, v := range held {
			if v.signed.Vote.BlockHash == h {
				out = append(out, v.signed)
			}
		}
	}
	return out
}

// bitmap marks the validators that voted.
func (t *tally) bitmap() []byte {
	b := make([]byte, (t.set.Len()+7)/8)
	for i, held := range t.votes {
		if len(held) > 0 {
			b[i/8] |= 1 << (i % 8)
		}
	}
	return b
}

// certificate gathers the precommits for a block.
func (t *tally) certificate(height, round uint64, h chain.Hash) *chain.Certificate {
	c := &chain.Certificate{Height: height, Round: round, BlockHash: h, Signers: make([]byte, (t.set.Len()+7)/8)}
	for i, held := range t.votes {
		for _, v := range held {
			if v.signed.Vote.BlockHash == h {
				c.Signers[i/8] |= 1 << (i % 8)
				c.Signatures = append(c.Signatures, v.signed.Signature)
			}
		}
	}
	return c
}
