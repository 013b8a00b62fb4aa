package consensus

import (
	"fmt"

	"github.com/posnet/posnet/node/chain"
)

// failer is what *testing.T and *rapid.T have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// order checks the promise of the effect lists: nothing leaves the node before
// what it rests on is durable, and nothing that left is ever contradicted. It
// sees every effect of one core, over all heights and restarts.
type order struct {
	blocks  map[chain.Hash]bool // durable
	locks   map[[2]uint64]chain.Hash
	intents map[chain.Vote]bool
	votes   map[chain.Vote]chain.Hash // slot -> block
	fresh   map[[2]uint64]chain.Hash  // height, round -> block proposed fresh
}

func newOrder() *order {
	return &order{
		blocks: map[chain.Hash]bool{}, locks: map[[2]uint64]chain.Hash{}, intents: map[chain.Vote]bool{},
		votes: map[chain.Vote]chain.Hash{}, fresh: map[[2]uint64]chain.Hash{},
	}
}

func (o *order) check(t failer, height uint64, effects []Effect) {
	t.Helper()
	for _, e := range effects {
		if err := o.effect(height, e); err != nil {
			t.Fatalf("effect %T: %v", e, err)
		}
	}
}

func (o *order) effect(height uint64, e Effect) error {
	switch e := e.(type) {
	case Persist:
		switch r := e.Record; {
		case r.Proposal != nil:
			if b, err := decodeBlock(r.Proposal.Block); err != nil || b.Header.Hash() != r.Proposal.BlockHash {
				return fmt.Errorf("a record of a block that is not the one it names: %v", err)
			}
			o.blocks[r.Proposal.BlockHash] = true
		case r.Lock != nil:
			if !o.blocks[r.Lock.BlockHash] {
				return fmt.Errorf("a lock on a block that is not durable")
			}
			o.locks[[2]uint64{r.Height, r.Lock.Round}] = r.Lock.BlockHash
		case r.Vote != nil:
			o.intents[*r.Vote] = true
		default:
			return fmt.Errorf("an empty record")
		}
		if e.Record.Height != height {
			return fmt.Errorf("a record of height %d at height %d", e.Record.Height, height)
		}
	case SignVote:
		v := e.Vote
		slot := v
		slot.BlockHash = chain.Hash{}
		before, voted := o.votes[slot]
		switch {
		case !o.intents[v]:
			return fmt.Errorf("%s in round %d: the intent is not durable", v.Kind, v.Round)
		case voted && before != v.BlockHash:
			return fmt.Errorf("%s in round %d: it contradicts an earlier one", v.Kind, v.Round)
		case !v.BlockHash.IsZero() && !o.blocks[v.BlockHash]:
			return fmt.Errorf("%s in round %d: its block is not durable", v.Kind, v.Round)
		case !v.BlockHash.IsZero() && v.Kind == chain.Precommit && o.locks[[2]uint64{v.Height, v.Round}] != v.BlockHash:
			return fmt.Errorf("precommit in round %d: its lock is not durable", v.Round)
		}
		o.votes[slot] = v.BlockHash
	case SignProposal:
		h := e.Block.Header.Hash()
		if !o.blocks[h] {
			return fmt.Errorf("proposal in round %d: its block is not durable", e.Round)
		}
		at := [2]uint64{height, e.Round}
		if before, ok := o.fresh[at]; ok && before != h {
			return fmt.Errorf("proposal in round %d: it contradicts an earlier one", e.Round)
		}
		o.fresh[at] = h
	}
	return nil
}

// decodeBlock reads a block of a test world, which is well-formed but in no
// chain: it is not checked further.
func decodeBlock(raw []byte) (*chain.Block, error) {
	var b chain.Block
	return &b, chain.Decode(raw, &b, chain.MaxBlockBytes)
}
