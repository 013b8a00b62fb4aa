package replica

import (
	"errors"
	"fmt"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/store"
)

// stateReader reads the decided state for the ledger.
type stateReader struct{ *store.Store }

// Get returns the value of key, or nil.
func (s stateReader) Get(key []byte) ([]byte, error) {
	b, err := s.State(key)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return b, err
}

// watched is a reader that remembers the first failure to read, which is a fault
// of this node's disk, beside what the ledger finds wrong with a block.
type watched[Key, Value any] struct {
	get   func(Key) (Value, error)
	first *error
}

func watch[Key, Value any](get func(Key) (Value, error), first *error) watched[Key, Value] {
	return watched[Key, Value]{get, first}
}

// Get returns what is stored for key.
func (w watched[Key, Value]) Get(key Key) (Value, error) {
	v, err := w.get(key)
	if err != nil && *w.first == nil {
		*w.first = err
	}
	return v, err
}

// decided reads the decided state for the pool.
type decided struct{ s *store.Store }

// Account returns the balance and the last applied nonce of an address.
func (d decided) Account(a chain.Address) (balance, nonce uint64, err error) {
	acc, err := ledger.ReadAccount(stateReader{d.s}, a)
	return acc.Balance, acc.Nonce, err
}

// check refuses what the pool itself cannot judge: stake for an account that is
// no validator, and registrations that the state already knows. The pool calls it
// under its lock, so it verifies nothing: proofs of possession are the pool's.
func (r *Replica) check(t *chain.Tx) error {
	state := stateReader{r.cfg.Store}
	switch t.Kind {
	case chain.TxStake:
		var v ledger.Validator
		known, err := ledger.Load(state, ledger.ValidatorKey(t.To), &v)
		if err == nil && !known {
			return chain.Refuse(chain.RefusedNotValidator, "%s is not a registered validator: stake can be bonded only to one", t.To)
		}
		return err
	case chain.TxRegister:
		reg, err := chain.DecodeRegistration(t.Payload)
		if err != nil {
			return chain.Refuse(chain.RefusedMalformed, "%v", err)
		}
		return ledger.CheckFree(state, t.From, &reg.Keys)
	}
	return nil
}

// loadTip reads where the node stands, writing the genesis at the first start.
func (r *Replica) loadTip() error {
	s := r.cfg.Store
	if !s.Initialized() {
		out, err := ledger.FromGenesis(r.cfg.Genesis)
		if err != nil {
			return err
		}
		file, err := r.cfg.Genesis.MarshalFile()
		if err != nil {
			return err
		}
		if err := s.Initialize(store.Genesis{Hash: r.genesis, Bytes: file, State: out.Changes, Tree: out.Tree}); err != nil {
			return fmt.Errorf("write the genesis state: %w", err)
		}
	}
	at, err := s.Tip()
	if err != nil {
		return fmt.Errorf("read the tip: %w", err)
	}
	state := stateReader{s}
	var sys ledger.System
	var sets []ledger.SetEntry
	for _, v := range []struct {
		key  []byte
		into any
	}{{ledger.SystemKey(), &sys}, {ledger.SetsKey(), &sets}, {ledger.ParamsKey(), &r.tip.params}} {
		if found, err := ledger.Load(state, v.key, v.into); err != nil || !found {
			return errors.Join(err, fmt.Errorf("state value %q is missing: %w", v.key, store.ErrCorrupt))
		}
	}
	r.tip.height, r.tip.time, r.tip.seed = at.Height, sys.Time, sys.Seed
	r.tip.pending = sets[len(sets)-1].From > at.Height+1
	if r.tip.set, err = ledger.SetAt(sets, at.Height+1, &r.sets); err != nil {
		return err
	}
	if at.Height == 0 {
		return nil
	}
	r.tip.hash = at.Hash
	if r.prevSet, err = ledger.SetAt(sets, at.Height, &r.sets); err != nil {
		return err
	}
	if err := r.checkTree(at.Height); err != nil {
		return err
	}
	raw, err := s.Certificate(at.Height)
	if err != nil {
		return fmt.Errorf("read the tip's certificate: %w", err)
	}
	r.tip.cert = new(chain.Certificate)
	return chain.Decode(raw, r.tip.cert, chain.MaxBlockBytes)
}

// checkTree holds the state tree, of which the store makes a part again when it opens, against the tip's header.
func (r *Replica) checkTree(height uint64) error {
	raw, err := r.cfg.Store.Block(height)
	if err != nil {
		return fmt.Errorf("read the tip: %w", err)
	}
	b, err := chain.DecodeBlock(raw, chain.MaxBlockBytes)
	if err != nil {
		return fmt.Errorf("read the tip: %w", err)
	}
	root, err := r.cfg.Store.Root(height)
	if err != nil {
		return fmt.Errorf("read the state tree of height %d: %w", height, err)
	}
	if root != b.Header.State {
		return fmt.Errorf("the state tree of height %d has root %x, its header says %s: %w", height, root, b.Header.State, store.ErrCorrupt)
	}
	return nil
}
