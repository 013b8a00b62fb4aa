package ledger

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/ledger/tree"
	"github.com/posnet/posnet/node/stake"
)

// FromGenesis is the state of height 0. It fails if a key of the genesis is
// not usable.
func FromGenesis(g *chain.Genesis) (*Outcome, error) {
	if err := g.Check(); err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	state := newOverlay(empty{}, 0)
	sys := System{Time: g.Time, Seed: stake.GenesisSeed(g.Hash())}
	for i, a := range g.Accounts {
		if err := keys.CheckPublicKey(a.Address); err != nil {
			return nil, fmt.Errorf("genesis accounts[%d] %s: %w", i, a.Address, err)
		}
		state.putAccount(a.Address, Account{Balance: a.Balance})
		sys.Supply += a.Balance
	}
	for i, v := range g.Validators {
		for _, k := range []chain.PublicKey{chain.PublicKey(v.Address), v.Keys.Consensus, v.Keys.VRF, v.Keys.Peer} {
			if err := keys.CheckPublicKey(k); err != nil {
				return nil, fmt.Errorf("genesis validators[%d] %s: key %s: %w", i, v.Address, k, err)
			}
		}
		if err := enrol(state, v.Address, &v.Keys, 0); err != nil {
			return nil, fmt.Errorf("genesis validators[%d]: %w", i, err)
		}
	}
	weights := map[chain.Address]uint64{}
	for i, b := range g.Bonds {
		if err := keys.CheckPublicKey(b.Staker); err != nil {
			return nil, fmt.Errorf("genesis bonds[%d] staker %s: %w", i, b.Staker, err)
		}
		v, err := bond(state, b.Staker, b.Validator, b.Amount)
		if err != nil {
			return nil, fmt.Errorf("genesis bonds[%d]: %w", i, err)
		}
		weights[b.Validator] = v.Bonded
		sys.Supply += b.Amount
	}
	var members []stake.Validator
	for _, v := range g.Validators {
		if w := weights[v.Address]; w > 0 {
			members = append(members, stake.Validator{Address: v.Address, Keys: v.Keys, Stake: w})
		}
	}
	set, err := stake.NewSet(members)
	if err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	if room := setRoom(&g.Params); set.Len() > room {
		return nil, fmt.Errorf("genesis: %d validators have stake: with these maxBytes and setDelay at most %d may", set.Len(), room)
	}
	state.put(SystemKey(), sys)
	state.put(ParamsKey(), g.Params)
	state.put(SetsKey(), []SetEntry{{From: 1, Set: set.Encode()}})
	out := &Outcome{Changes: state.changes(), System: sys, Params: g.Params, Next: set}
	out.State, out.Tree, err = tree.Apply(emptyTree{}, tree.NoVersion, 0, updates(out.Changes))
	if err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	return out, nil
}

type empty struct{}

func (empty) Get([]byte) ([]byte, error) { return nil, nil }

type emptyTree struct{}

func (emptyTree) Get(tree.NodeKey) (*tree.Node, error) { return nil, tree.ErrMissing }

func sortedAddresses(m map[chain.Address]*uint64) []chain.Address {
	return slices.SortedFunc(maps.Keys(m), func(a, b chain.Address) int { return bytes.Compare(a[:], b[:]) })
}
