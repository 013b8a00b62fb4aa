package ledger

import (
	"fmt"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/ledger/tree"
	"github.com/posnet/posnet/node/stake"
)

// Input is a block as the ledger sees it: what its header says before the
// roots are known, and its body.
type Input struct {
	Genesis  chain.Hash
	Height   uint64
	Time     uint64
	Forger   chain.Address
	Seed     chain.Hash // seed(Height), which its header's round and VRF proof give
	Txs      [][]byte   // encodings of chain.SignedTx
	Evidence [][]byte   // encodings of chain.Evidence
	// Opened gives the transaction of these signed bytes and its id, if they
	// were read and their signature checked before, at admission. Nil: none was.
	Opened func(signed []byte) (*chain.SignedTx, chain.Hash, bool)
	// Sets are validator sets decoded before; nil: none.
	Sets *stake.Memo
	// Known are signatures found good before; nil: none.
	Known *keys.Known
	// Refused, if set, is told of each transaction that does not apply, and the
	// outcome is that of a block without it: what a forger who chooses wants to
	// know, at once for all. Nil: such a transaction makes the block invalid.
	Refused func(index int, err error)
}

// Result is what a transaction did; the results root covers it.
type Result struct {
	_    struct{} `cbor:",toarray"`
	ID   chain.Hash
	Kind chain.TxKind
	Fee  uint64
}

// encode is the canonical encoding, by hand.
func (r *Result) encode() []byte {
	b := chain.AppendBytes(chain.AppendArray(make([]byte, 0, 64), 3), r.ID[:])
	return chain.AppendUint(chain.AppendUint(b, uint64(r.Kind)), r.Fee)
}

// Outcome is the state after a block, as a change to the state before.
type Outcome struct {
	State   chain.Hash // root of the authenticated tree
	Results chain.Hash // Merkle root over the results
	TxIDs   []chain.Hash
	Txs     []*chain.SignedTx
	Changes []KV // values to write, ascending by key
	Tree    tree.Change
	System  System
	Params  chain.Params // from the next height
	Next    *stake.Set   // of the next height
	Pending bool         // a set change is still to come after the next height
}

// Apply executes a block on the decided state and returns what comes of it, or
// why the block is invalid. A [*chain.Refusal] in the error's chain names the
// transaction's fault.
func Apply(r Reader, t tree.Reader, in Input) (*Outcome, error) {
	x, err := begin(r, in)
	if err != nil {
		return nil, err
	}
	for i, raw := range in.Evidence {
		if err := x.evidence(raw); err != nil {
			return nil, fmt.Errorf("block %d: %w", in.Height, &EvidenceError{Index: i, Err: err})
		}
	}
	txs, err := openTxs(in)
	if err != nil {
		return nil, fmt.Errorf("block %d: %w", in.Height, err)
	}
	applied := make([]*chain.SignedTx, 0, len(txs))
	for i, tx := range txs {
		err := x.try(tx)
		switch {
		case err == nil:
			applied = append(applied, tx.signed)
		case in.Refused == nil:
			return nil, fmt.Errorf("block %d: %w", in.Height, &TxError{Index: i, Err: err})
		default:
			in.Refused(i, err)
		}
	}
	if err := x.reward(); err != nil {
		return nil, err
	}
	return x.finish(t, applied)
}

// try applies one transaction. Where the block goes on without one that is
// refused, nothing of it stays.
func (x *execution) try(t openTx) error {
	if x.in.Refused == nil {
		return x.tx(t)
	}
	block, fees := x.state, x.fees
	if x.trial == nil {
		x.trial = newOverlay(block, 2)
	}
	x.state = x.trial
	x.trial.clear()
	err := x.tx(t)
	if err == nil {
		block.take(x.state)
	} else {
		x.fees = fees
	}
	x.state = block
	return err
}

// EvidenceError says which piece of evidence of a block cannot be used.
type EvidenceError struct {
	Index int
	Err   error
}

// Error names the piece and its fault.
func (e *EvidenceError) Error() string { return fmt.Sprintf("evidence %d: %v", e.Index, e.Err) }

// Unwrap gives the fault.
func (e *EvidenceError) Unwrap() error { return e.Err }

// TxError says which transaction of a block cannot be applied.
type TxError struct {
	Index int
	Err   error // often a *chain.Refusal
}

// Error names the transaction and its fault.
func (e *TxError) Error() string { return fmt.Sprintf("transaction %d: %v", e.Index, e.Err) }

// Unwrap gives the fault.
func (e *TxError) Unwrap() error { return e.Err }

// execution is a block being applied.
type execution struct {
	in      Input
	state   *overlay
	trial   *overlay // of one transaction, over state
	params  chain.Params
	system  System
	sets    []SetEntry
	set     *stake.Set // of this height
	latest  *stake.Set // the last to come
	weights map[chain.Address]*uint64
	joining int // members of weights that are not in latest
	fees    uint64
	results [][]byte
	ids     []chain.Hash
}

func begin(r Reader, in Input) (*execution, error) {
	x := &execution{in: in, state: newOverlay(r, 2*len(in.Txs)+1), weights: map[chain.Address]*uint64{}}
	for _, v := range []struct {
		key  []byte
		into any
	}{{SystemKey(), &x.system}, {ParamsKey(), &x.params}, {SetsKey(), &x.sets}} {
		found, err := Load(r, v.key, v.into)
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, fmt.Errorf("state value %q is missing: the data directory is damaged", v.key)
		}
	}
	if x.system.Height+1 != in.Height {
		return nil, fmt.Errorf("block %d on a state of height %d", in.Height, x.system.Height)
	}
	var err error
	if x.set, err = SetAt(x.sets, in.Height, in.Sets); err != nil {
		return nil, err
	}
	if x.latest, err = in.Sets.Decode(x.sets[len(x.sets)-1].Set); err != nil {
		return nil, err
	}
	return x, nil
}

// SetAt picks the set of a height from the list of sets; memo may be nil.
func SetAt(sets []SetEntry, height uint64, memo *stake.Memo) (*stake.Set, error) {
	for i := len(sets) - 1; i >= 0; i-- {
		if sets[i].From <= height {
			return memo.Decode(sets[i].Set)
		}
	}
	return nil, fmt.Errorf("no validator set for height %d", height)
}

// reward pays the forger the fees and the block reward, as far as the largest
// supply allows.
func (x *execution) reward() error {
	mint := min(x.params.BlockReward, chain.MaxSupply-x.system.Supply)
	x.system.Supply += mint
	acc, _, err := x.state.getAccount(x.in.Forger)
	if err != nil {
		return err
	}
	sum, err := chain.Add(x.fees, mint)
	if err != nil {
		return err
	}
	if sum > 0 {
		if acc.Balance, err = chain.Add(acc.Balance, sum); err != nil {
			return err
		}
		x.state.putAccount(x.in.Forger, acc)
	}
	var v Validator
	found, err := Load(x.state, ValidatorKey(x.in.Forger), &v)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("block %d: the forger %s is not a registered validator", x.in.Height, x.in.Forger)
	}
	v.Forged++
	x.state.put(ValidatorKey(x.in.Forger), v)
	return nil
}

func (x *execution) finish(t tree.Reader, txs []*chain.SignedTx) (*Outcome, error) {
	if err := x.moveSets(); err != nil {
		return nil, err
	}
	x.system.Height, x.system.Time, x.system.Seed = x.in.Height, x.in.Time, x.in.Seed
	x.state.put(SystemKey(), x.system)
	next, err := SetAt(x.sets, x.in.Height+1, x.in.Sets)
	if err != nil {
		return nil, err
	}
	out := &Outcome{
		Results: chain.MerkleRoot(x.results), TxIDs: x.ids, Txs: txs, Changes: x.state.changes(),
		System: x.system, Params: x.params, Next: next,
		Pending: x.sets[len(x.sets)-1].From > x.in.Height+1,
	}
	root, change, err := tree.Apply(t, x.in.Height-1, x.in.Height, updates(out.Changes))
	if err != nil {
		return nil, fmt.Errorf("block %d: update the state tree: %w", x.in.Height, err)
	}
	out.State, out.Tree = root, change
	return out, nil
}
