package client

import (
	"context"
	"fmt"
	"strconv"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/ledger/tree"
	"github.com/posnet/posnet/node/stake"
)

// SetOf makes the validator set of an answer and checks that it has the hash
// the answer says. Whether that hash is the chain's, is for the caller to know.
func SetOf(v *api.Validators) (*stake.Set, error) {
	var members []stake.Validator
	for _, x := range v.Validators {
		if x.Stake > 0 {
			members = append(members, stake.Validator{
				Address: x.Address, Stake: uint64(x.Stake),
				Keys: chain.ValidatorKeys{Consensus: x.ConsensusKey, VRF: x.VrfKey, Peer: x.PeerKey},
			})
		}
	}
	set, err := stake.NewSet(members)
	if err != nil {
		return nil, fmt.Errorf("the validators of height %d: %w", v.Height, err)
	}
	if set.Hash() != v.SetHash {
		return nil, fmt.Errorf("the validators of height %d do not have the hash %s that the node says they have", v.Height, v.SetHash.Short())
	}
	return set, nil
}

// TrustedSet is the validator set of a height, shown to follow from the
// genesis: while the set is the genesis's that needs nothing more; after it
// changed, every block below is fetched and its certificate checked with the
// set before it, as each header names the next set. progress, when set, is told
// of each.
func (c *Client) TrustedSet(ctx context.Context, g *chain.Genesis, height uint64, claimed chain.Hash, progress func(height uint64)) (*stake.Set, error) {
	first, err := ledger.FromGenesis(g)
	if err != nil {
		return nil, err
	}
	set, genesis := first.Next, g.Hash()
	if set.Hash() == claimed {
		return set, nil
	}
	for h := uint64(1); h < height; h++ {
		if progress != nil {
			progress(h)
		}
		b, err := c.Block(ctx, strconv.FormatUint(h, 10))
		if err != nil {
			return nil, fmt.Errorf("follow the validator sets from genesis to height %d: %w", height, err)
		}
		if err := CheckHeader(genesis, set, h, &b.Header, &b.Certificate); err != nil {
			return nil, err
		}
		if b.Header.NextSet == set.Hash() {
			continue
		}
		v, err := c.Validators(ctx, h+1)
		if err != nil {
			return nil, fmt.Errorf("read the validators of height %d: %w", h+1, err)
		}
		if set, err = SetOf(v); err != nil {
			return nil, err
		}
		if set.Hash() != b.Header.NextSet {
			return nil, fmt.Errorf("the validators of height %d are not those that block %d names", h+1, h)
		}
	}
	return set, nil
}

// CheckHeader shows that a header is final: it is of this chain and height, of
// this set, and certified by more than two thirds of the set's stake.
func CheckHeader(genesis chain.Hash, set *stake.Set, height uint64, h *chain.Header, cert *chain.Certificate) error {
	switch {
	case h.Genesis != genesis:
		return fmt.Errorf("block %d is of the chain %s, not %s", h.Height, h.Genesis.Short(), genesis.Short())
	case h.Height != height:
		return fmt.Errorf("the node answered with block %d for block %d", h.Height, height)
	case h.Set != set.Hash():
		return fmt.Errorf("block %d names another validator set than the one that follows from genesis", height)
	}
	if err := set.VerifyCertificate(genesis, height, h.Hash(), cert, nil); err != nil {
		return fmt.Errorf("block %d is not proven final: %w", height, err)
	}
	return nil
}

// VerifyAccount checks an account's proof: balance and nonce are those in the
// state of a block that the set made final. set must be that of the proof's
// height. It returns what is proven, which is what to use.
func VerifyAccount(genesis chain.Hash, set *stake.Set, a *api.Account) (ledger.Account, error) {
	var acc ledger.Account
	p := a.Proof
	if p == nil {
		return acc, fmt.Errorf("account %s: the answer has no proof", a.Address)
	}
	if err := CheckHeader(genesis, set, p.Height, &p.Header, &p.Certificate); err != nil {
		return acc, err
	}
	var tp tree.Proof
	if err := tp.UnmarshalBinary(p.Tree); err != nil {
		return acc, fmt.Errorf("account %s: read its proof: %w", a.Address, err)
	}
	key := ledger.TreeKey(ledger.AccountKey(a.Address))
	if len(p.Value) == 0 {
		if err := tree.VerifyAbsence(p.Header.State, key, tp); err != nil {
			return acc, fmt.Errorf("account %s is not proven to be empty: %w", a.Address, err)
		}
		return acc, nil
	}
	if err := tree.VerifyInclusion(p.Header.State, key, chain.Sum(p.Value), tp); err != nil {
		return acc, fmt.Errorf("account %s is not proven: %w", a.Address, err)
	}
	if err := chain.Decode(p.Value, &acc, 1024); err != nil {
		return acc, fmt.Errorf("account %s: read its proven value: %w", a.Address, err)
	}
	return acc, nil
}

// VerifyTransaction checks that a final transaction is in the block whose
// header is given, and that the node describes the bytes that are there.
func VerifyTransaction(h *chain.Header, tx *api.Transaction) error {
	p := tx.Proof
	if p == nil {
		return fmt.Errorf("transaction %s: the answer has no proof", tx.Id)
	}
	if err := chain.VerifyMerkle(h.TxRoot, p.Transaction, p.Index, p.Count, p.Path); err != nil {
		return fmt.Errorf("transaction %s: %w", tx.Id, err)
	}
	signed, err := chain.DecodeTx(p.Transaction)
	if err != nil {
		return fmt.Errorf("transaction %s: %w", tx.Id, err)
	}
	if signed.Tx.ID() != tx.Id {
		return fmt.Errorf("transaction %s: the proof is of %s", tx.Id, signed.Tx.ID())
	}
	return nil
}
