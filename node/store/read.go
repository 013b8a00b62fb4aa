package store

import (
	"errors"
	"fmt"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/ledger/tree"
)

// The methods below read from the tip of the moment, each from its own: two
// calls may see different tips. Readers that need one take a View.

// tip is for writers, which hold s.write.
func (s *Store) tip() (Tip, bool) {
	s.reads.Lock()
	defer s.reads.Unlock()
	if s.current == nil || s.current.tip == nil {
		return Tip{}, false
	}
	return *s.current.tip, true
}

// read runs one reading method on a fresh view.
func read[T any](s *Store, method func(*View) (T, error)) (T, error) {
	v, err := s.View()
	if err != nil {
		var none T
		return none, err
	}
	defer v.Close()
	return method(v)
}

// Initialized says whether the store has a genesis.
func (s *Store) Initialized() bool {
	_, ok := s.tip()
	return ok
}

// Tip returns the last committed block, which is durable. See [View.Tip].
func (s *Store) Tip() (Tip, error) { return read(s, (*View).Tip) }

// Genesis returns the genesis as it was given to Initialize.
func (s *Store) Genesis() ([]byte, error) { return read(s, (*View).Genesis) }

// GenesisHash returns the hash of the genesis.
func (s *Store) GenesisHash() (chain.Hash, error) { return read(s, (*View).GenesisHash) }

// Block returns the encoded block of a height. See [View.Block].
func (s *Store) Block(height uint64) ([]byte, error) {
	return read(s, func(v *View) ([]byte, error) { return v.Block(height) })
}

// Certificate returns the encoded certificate of a height. See
// [View.Certificate].
func (s *Store) Certificate(height uint64) ([]byte, error) {
	return read(s, func(v *View) ([]byte, error) { return v.Certificate(height) })
}

// HeightOf returns the height of the block with a hash.
func (s *Store) HeightOf(hash chain.Hash) (uint64, error) {
	return read(s, func(v *View) (uint64, error) { return v.HeightOf(hash) })
}

// Tx returns where the transaction with an id may be. See [View.Tx].
func (s *Store) Tx(id chain.Hash) ([]TxLocation, error) {
	return read(s, func(v *View) ([]TxLocation, error) { return v.Tx(id) })
}

// State returns the value of one of the ledger's keys at the tip.
//
// The value may be shared: change nothing in it.
func (s *Store) State(key []byte) ([]byte, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	if value, known := s.state.get(key); known && value != nil {
		return value, nil
	} else if known {
		return nil, errNoState
	}
	return read(s, func(v *View) ([]byte, error) {
		tip, err := v.Tip()
		if err != nil {
			return nil, err
		}
		value, err := v.State(key)
		if err == nil || errors.Is(err, ErrNotFound) {
			s.state.add(key, value, tip.Height)
		}
		return value, err
	})
}

var errNoState = fmt.Errorf("read the state: %w", ErrNotFound)

// ScanState reads the ledger's keys with a prefix. See [View.ScanState].
func (s *Store) ScanState(prefix, from []byte, fn func(key, value []byte) bool) error {
	_, err := read(s, func(v *View) (struct{}, error) { return struct{}{}, v.ScanState(prefix, from, fn) })
	return err
}

// StateReader is the state at the tip of the moment, as the ledger reads it. It
// may be used from any goroutine until Close.
func (s *Store) StateReader() ledger.Reader { return stateReader{s} }

type stateReader struct{ s *Store }

func (r stateReader) Get(key []byte) ([]byte, error) { return orNil(r.s.State(key)) }

// TreeReader reads the state tree of the tip, of the one before it, and of those
// versions on the disk that are not pruned. It may be used from any goroutine
// until Close.
func (s *Store) TreeReader() tree.Reader { return treeReader{s} }

// Root is the root of the state tree of a version that TreeReader reads, the tip's above all.
func (s *Store) Root(version tree.Version) (chain.Hash, error) {
	root, err := tree.Root(s.TreeReader(), version)
	return root, wrap("read the root of the state tree", err)
}

type treeReader struct{ s *Store }

func (r treeReader) Get(key tree.NodeKey) (*tree.Node, error) {
	if key.Depth == 0 {
		if n := r.s.buffer.root(key.Version); n != nil {
			return n, nil
		}
	}
	// Past the snapshot, as nodes never change; the view keeps the database open.
	return read(r.s, func(*View) (*tree.Node, error) { return treeNode(r.s.db, key) })
}
