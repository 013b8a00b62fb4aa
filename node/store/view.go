package store

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/ledger/tree"
)

// TxLocation says where a transaction is: the block's height, and its place
// among the block's transactions, from 0.
type TxLocation struct {
	Height uint64
	Index  uint32
}

// View is the store as of one tip. It stays as it is while blocks are committed
// and versions pruned, and keeps what it shows from being freed: close it soon.
// It may be used by one goroutine at a time. What it returns belongs to the
// caller, but for State.
type View struct {
	s      *Store
	shared *sharedView
	key    []byte // scratch
}

// sharedView is the snapshot of one tip and the number of its users, of which
// the store itself is one while it is current.
type sharedView struct {
	snapshot *pebble.Snapshot
	tip      *Tip       // nil before the genesis
	root     *tree.Node // of its tree; nil if it is not in memory
	users    int        // guarded by Store.reads
}

// publish makes a durable tip what readers see.
func (s *Store) publish(tip *Tip) {
	next := &sharedView{snapshot: s.db.NewSnapshot(), tip: tip, users: 1}
	if tip != nil {
		next.root = s.buffer.root(tip.Height)
	}
	s.reads.Lock()
	last := s.current
	s.current = next
	s.reads.Unlock()
	if last != nil {
		s.release(last)
	}
}

func (s *Store) release(v *sharedView) {
	s.reads.Lock()
	v.users--
	free := v.users == 0
	s.reads.Unlock()
	if !free {
		return
	}
	if err := v.snapshot.Close(); err != nil {
		s.log.Error("snapshot was not released", "error", err)
	}
}

// View returns a view of the tip. It fails only with ErrClosed.
func (s *Store) View() (*View, error) {
	s.reads.Lock()
	defer s.reads.Unlock()
	if s.current == nil {
		return nil, ErrClosed
	}
	s.current.users++
	s.open.Add(1)
	return &View{s: s, shared: s.current}, nil
}

// Fork returns another view of the same tip, for another goroutine. This one must not be closed yet.
func (v *View) Fork() *View {
	v.s.reads.Lock()
	defer v.s.reads.Unlock()
	v.shared.users++
	v.s.open.Add(1)
	return &View{s: v.s, shared: v.shared}
}

// Close ends the view. Closing twice does nothing.
func (v *View) Close() {
	if v.shared == nil {
		return
	}
	v.s.release(v.shared)
	v.shared = nil
	v.s.open.Done()
}

// Tip returns the last committed block of the view. It fails with ErrNoGenesis
// on a new store.
func (v *View) Tip() (Tip, error) {
	if v.shared.tip == nil {
		return Tip{}, ErrNoGenesis
	}
	return *v.shared.tip, nil
}

// Genesis returns the genesis as it was given to Initialize.
func (v *View) Genesis() ([]byte, error) {
	return v.get(genesisKey, "the genesis")
}

// GenesisHash returns the hash of the genesis.
func (v *View) GenesisHash() (chain.Hash, error) {
	b, err := v.get(genesisHashKey, "the genesis hash")
	if err != nil {
		return chain.Hash{}, err
	}
	return chain.Hash(b), nil
}

// Block returns the encoded block of a height from 1 to the tip's.
func (v *View) Block(height uint64) ([]byte, error) {
	return v.get(heightKey(blockSpace, height), "block %d", height)
}

// Certificate returns the encoded certificate of the block of a height.
func (v *View) Certificate(height uint64) ([]byte, error) {
	return v.get(heightKey(certificateSpace, height), "the certificate of block %d", height)
}

// HeightOf returns the height of the block with a hash.
func (v *View) HeightOf(hash chain.Hash) (uint64, error) {
	b, err := v.get(hashKey(hashSpace, &hash), "the height of block %s", hash)
	if err != nil {
		return 0, err
	}
	tip, err := decodeTip(append(b, hash[:]...))
	return tip.Height, err
}

// Tx returns where the transaction with an id may be: the places of all whose ids begin with the same 8 bytes, in the order of
// their heights, which is nearly always one. Whoever asks compares what is there with the id.
func (v *View) Tx(id chain.Hash) ([]TxLocation, error) {
	places, err := v.places(id)
	if err != nil {
		return nil, wrap(fmt.Sprintf("read where transaction %s is", id), err)
	}
	b, err := v.get(hashKey(txSpace, &id), "where transaction %s is", id)
	switch {
	case err == nil:
		l, err := decodeTxLocation(b)
		if err != nil {
			return nil, err
		}
		places = append([]TxLocation{l}, places...)
	case !errors.Is(err, ErrNotFound) || len(places) == 0:
		return nil, err
	}
	return places, nil
}

func (v *View) places(id chain.Hash) (places []TxLocation, err error) {
	prefix := appendPlacePrefix(nil, &id)
	it, err := v.shared.snapshot.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: successor(prefix)})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; ok = it.Next() {
		l, err := decodePlace(it.Key())
		if err != nil {
			return nil, err
		}
		places = append(places, l)
	}
	return places, nil
}

// State returns the value of one of the ledger's keys at the tip of the view.
//
// The value may be shared: change nothing in it.
func (v *View) State(key []byte) ([]byte, error) {
	if tip := v.shared.tip; tip != nil {
		if value, known := v.s.state.at(key, tip.Height); known && value != nil {
			return value, nil
		} else if known {
			return nil, ErrNotFound
		}
	}
	v.key = appendStateKey(v.key[:0], key)
	b, err := get(v.shared.snapshot, v.key)
	switch {
	case errors.Is(err, pebble.ErrNotFound):
		return nil, ErrNotFound // often asked for; no words
	case err != nil:
		return nil, wrap(fmt.Sprintf("read state %x", key), err)
	}
	return b, nil
}

// ScanState calls fn with the ledger's keys that begin with prefix, in their
// order, starting at prefix ‖ from, and with their values, until fn returns
// false. fn may not keep the slices.
func (v *View) ScanState(prefix, from []byte, fn func(key, value []byte) bool) error {
	lower := append(appendStateKey(nil, prefix), from...)
	it, err := v.shared.snapshot.NewIter(&pebble.IterOptions{
		LowerBound: lower,
		UpperBound: successor(appendStateKey(nil, prefix)),
	})
	if err != nil {
		return wrap("scan the state", err)
	}
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return wrap("scan the state", errors.Join(err, it.Close()))
		}
		if !fn(it.Key()[1:], value) {
			break
		}
	}
	return wrap("scan the state", it.Close())
}

// successor is the least key above all that begin with prefix, which must not
// be all 0xff; no space of keys is.
func successor(prefix []byte) []byte {
	for i := len(prefix) - 1; ; i-- {
		if prefix[i] != 0xff {
			next := slices.Clone(prefix[:i+1])
			next[i]++
			return next
		}
	}
}

// StateReader is the view as the ledger reads it.
func (v *View) StateReader() ledger.Reader { return viewState{v} }

type viewState struct{ v *View }

func (r viewState) Get(key []byte) ([]byte, error) { return orNil(r.v.State(key)) }

// orNil gives nil for what is not there.
func orNil(b []byte, err error) ([]byte, error) {
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return b, err
}

// Get implements [tree.Reader] for the tree of the view's tip.
func (v *View) Get(key tree.NodeKey) (*tree.Node, error) {
	if root := v.shared.root; root != nil && key == root.Key() {
		return root, nil
	}
	return treeNode(v.shared.snapshot, key)
}

func treeNode(r pebble.Reader, key tree.NodeKey) (*tree.Node, error) {
	var buf [1 + tree.MaxNodeKeySize]byte
	value, closer, err := r.Get(appendTreeKey(buf[:0], key))
	switch {
	case errors.Is(err, pebble.ErrNotFound):
		return nil, tree.ErrMissing
	case err != nil:
		return nil, wrap(fmt.Sprintf("read tree node %v", key), err)
	}
	n, err := tree.Decode(key, value)
	return n, errors.Join(err, closer.Close())
}

// get reads one key and says what it stands for when that fails.
func (v *View) get(key []byte, what string, args ...any) ([]byte, error) {
	b, err := get(v.shared.snapshot, key)
	if err != nil {
		return nil, wrap("read "+fmt.Sprintf(what, args...), err)
	}
	return b, nil
}

// get returns a copy of the value of key, never nil.
func get(r pebble.Reader, key []byte) ([]byte, error) {
	value, closer, err := r.Get(key)
	if err != nil {
		return nil, err
	}
	own := append(make([]byte, 0, len(value)), value...)
	return own, closer.Close()
}
