package consensus

import (
	"fmt"
	"testing"

	"github.com/posnet/posnet/node/chain"
)

// TestTheProofOfAnOldLockIsTakenUp: a validator is locked on a block that was proposed again in round 5, and restarts,
// perhaps many rounds later. The prevotes that prove its lock are in its log: without them nobody can accept what it
// proposes, nor does it accept anything else, and the height may never end.
func TestTheProofOfAnOldLockIsTakenUp(t *testing.T) {
	t.Parallel()
	for _, round := range []uint64{5, 69, 70, 100} {
		t.Run(fmt.Sprintf("in round %d", round), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, []uint64{1, 1, 1, 1}, []int{0})
			hash := w.block("B", 0).Header.Hash()
			rec := &Recovery{
				Proposals: []Proposal{w.proposal("B", 0, -1)}, LockedRound: 5, LockedHash: hash, Round: round,
				OwnVotes: []Vote{w.vote(chain.Precommit, 0, 5, hash)},
			}
			for i := range 3 {
				rec.Proof = append(rec.Proof, w.vote(chain.Prevote, i, 5, hash))
			}
			c := New(Config{Self: w.set.At(0).Address})
			c.Step(w.begin(rec))
			if proof := c.at(5).prevotes.of(hash); c.validRound != 5 || len(proof) != 3 {
				t.Errorf("valid round %d with %d prevotes as its proof, want round 5 with 3", c.validRound, len(proof))
			}
		})
	}
}

// TestTheLockedBlockIsTakenUpBesideManyOthers: more blocks are in the log than are held.
func TestTheLockedBlockIsTakenUpBesideManyOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []uint64{1, 1, 1, 1}, []int{0})
	hash := w.block("B", 0).Header.Hash()
	rec := &Recovery{Proposals: []Proposal{w.proposal("B", 0, -1)}, LockedRound: 0, LockedHash: hash, Round: 2 * maxBlocks}
	for i := range uint64(2*maxBlocks - 1) {
		rec.Proposals = append(rec.Proposals, w.proposal(fmt.Sprint("another ", i), 1+i, -1))
	}
	c := New(Config{Self: w.set.At(0).Address})
	c.Step(w.begin(rec))
	if !c.Holds(hash) || c.validHash != hash {
		t.Error("the block of the lock was given up for others")
	}
}
