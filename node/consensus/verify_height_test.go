package consensus

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
)

// TestMessagesOfADecidedHeightAreRefused: what was signed for an earlier height
// is genuine, and must not count again.
func TestMessagesOfADecidedHeightAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 4)
	vote := f.vote(0, chain.Vote{Kind: chain.Precommit, Height: 1, BlockHash: chain.Sum([]byte("A"))})
	proposal, block := f.fresh(&f.Rules, 0, "A")
	if _, err := f.VerifyVote(vote); err != nil {
		t.Fatalf("at its height: %v", err)
	}
	if _, err := f.VerifyProposal(proposal, 0); err != nil {
		t.Fatalf("at its height: %v", err)
	}
	next := f.Rules
	next.Height = 2
	_, err := next.VerifyVote(vote)
	wantRefused(t, err, "vote of height 1 at height 2")
	_, err = next.VerifyProposal(proposal, 0)
	wantRefused(t, err, "proposal of height 1 at height 2")
	wantRefused(t, next.VerifyHeader(block), "another network or height")
}
