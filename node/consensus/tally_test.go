package consensus

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
)

// A validator may have many blocks of future rounds known, and vote for each in one slot; what is kept of it stays bounded.
func TestWhoVotesForEverythingIsKeptInBounds(t *testing.T) {
	t.Parallel()
	f := fixtures[4]
	tally := newTally(f.Set)
	for n := range 3000 {
		v := Vote{index: 1, signed: chain.SignedVote{Vote: chain.Vote{Kind: chain.Prevote, Height: 1, BlockHash: chain.Sum(chain.Uint64(uint64(n)))}}}
		tally.add(v, true)
	}
	if n := len(tally.votes[1]); n > maxVotes {
		t.Errorf("%d votes of one validator for one slot are held, at most %d may be", n, maxVotes)
	}
}
