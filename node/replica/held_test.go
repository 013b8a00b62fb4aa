package replica

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/stake"
)

// TestWhatABlockDidIsKnownWhileTheBlockIsHeld: after many blocks in a height
// what came of those that are gone is forgotten, and never of one that may still
// be decided: without it the replica could not commit the block.
func TestWhatABlockDidIsKnownWhileTheBlockIsHeld(t *testing.T) {
	t.Parallel()
	forger := keys.FromSeed([32]byte{7, 1})
	set, err := stake.NewSet([]stake.Validator{{
		Address: keys.FromSeed([32]byte{7}).Public(), Stake: 1, Keys: chain.ValidatorKeys{Consensus: forger.Public()},
	}})
	if err != nil {
		t.Fatal(err)
	}
	r := &Replica{core: consensus.New(consensus.Config{}), outcomes: map[chain.Hash]*ledger.Outcome{}, forged: map[chain.Hash]sight{}}
	r.core.Step(consensus.Begin{Height: 1, Set: set, Params: chain.DefaultParams()})
	b := &chain.Block{Header: chain.Header{ // of round 1, which asks for no proof of the lottery
		Version: chain.HeaderVersion, Height: 1, Round: 1, Forger: set.At(0).Address, Time: 1,
		TxRoot: chain.MerkleRoot(nil), Evidence: chain.MerkleRoot(nil), Set: set.Hash(), NextSet: set.Hash(),
	}}
	hash := b.Header.Hash()
	b.Signature = forger.Sign(chain.HeaderMessage(chain.Hash{}, hash))
	p, err := r.core.Rules().VerifyProposal(&chain.SignedProposal{Height: 1, Round: 1, ValidRound: -1, BlockHash: hash, Block: chain.Encode(b)}, 1)
	if err != nil {
		t.Fatal(err)
	}
	r.core.Step(consensus.ProposalReceived{Proposal: p})

	r.outcomes[hash], r.forged[hash] = &ledger.Outcome{}, sight{first: 1}
	for i := range uint64(maxCandidates - 1) {
		gone := chain.Sum(chain.Uint64(i))
		r.outcomes[gone], r.forged[gone] = &ledger.Outcome{}, sight{first: 1}
	}
	r.forgetBlocks()
	if r.outcomes[hash] == nil || r.forged[hash].first == 0 {
		t.Error("a block is held, and what came of it is forgotten")
	}
	if len(r.outcomes) != 1 || len(r.forged) != 1 {
		t.Errorf("%d outcomes and %d first sights are kept, want those of the block that is held", len(r.outcomes), len(r.forged))
	}
}
