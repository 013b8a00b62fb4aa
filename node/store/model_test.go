package store

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/ledger/tree"
)

// A script is a chain that follows from its length alone: what a store must
// hold at a height can be told without one.
const accounts = 40

func account(i int) []byte { return fmt.Appendf(nil, "account/%03d", i) }

func sum(kind string, numbers ...any) chain.Hash {
	return chain.Sum(fmt.Append(nil, append([]any{kind}, numbers...)...))
}

// block bytes are sometimes large enough for a blob file.
func block(height uint64) []byte {
	h := sum("block", height)
	return bytes.Repeat(h[:], 1+int(height%5)*60)
}

func txIDs(height uint64) []chain.Hash {
	var ids []chain.Hash
	for i := range height % 7 {
		ids = append(ids, sum("tx", height, i))
	}
	return ids
}

// changes sets some accounts and deletes others.
func changes(height uint64) []KV {
	if height == 0 {
		var all []KV
		for i := range accounts {
			all = append(all, KV{Key: account(i), Value: []byte("genesis")})
		}
		return all
	}
	var some []KV
	for i := range accounts {
		switch (uint64(i) + height*7) % 11 {
		case 0, 1, 2:
			some = append(some, KV{Key: account(i), Value: fmt.Append(nil, "value ", i, " at ", height)})
		case 3:
			some = append(some, KV{Key: account(i), Value: nil})
		}
	}
	return some
}

func updates(kvs []KV) []tree.Update {
	var us []tree.Update
	for _, kv := range kvs {
		us = append(us, tree.Update{Key: chain.Sum(kv.Key), ValueHash: chain.Sum(kv.Value), Delete: kv.Value == nil})
	}
	return us
}

// content is the state and the root after a height. Tests ask for the same ones
// again and again, and may not change them.
func content(height uint64) (map[string]string, chain.Hash) {
	if c, ok := contents.Load(height); ok {
		return c.(*told).state, c.(*told).root
	}
	state, root := tell(height)
	contents.Store(height, &told{state, root})
	return state, root
}

var contents sync.Map // height -> *told

type told struct {
	state map[string]string
	root  chain.Hash
}

func tell(height uint64) (map[string]string, chain.Hash) {
	state := map[string]string{}
	for h := range height + 1 {
		for _, kv := range changes(h) {
			if kv.Value == nil {
				delete(state, string(kv.Key))
			} else {
				state[string(kv.Key)] = string(kv.Value)
			}
		}
	}
	var kvs []KV
	for _, k := range slices.Sorted(maps.Keys(state)) {
		kvs = append(kvs, KV{Key: []byte(k), Value: []byte(state[k])})
	}
	root, _, err := tree.Apply(nil, tree.NoVersion, 0, updates(kvs))
	if err != nil {
		panic(err)
	}
	return state, root
}

var (
	genesisHash  = sum("genesis")
	genesisBytes = []byte("the genesis, canonical")
)

func initialize(s *Store) error {
	_, change, err := tree.Apply(s.TreeReader(), tree.NoVersion, 0, updates(changes(0)))
	if err != nil {
		return err
	}
	return s.Initialize(Genesis{Hash: genesisHash, Bytes: genesisBytes, State: changes(0), Tree: change})
}

// next is the commit of a height on the store's tree.
func next(s *Store, height uint64) (Commit, error) {
	kvs := changes(height)
	_, change, err := tree.Apply(s.TreeReader(), height-1, height, updates(kvs))
	return Commit{
		Height: height, BlockHash: sum("hash", height), Block: block(height),
		Certificate: fmt.Append(nil, "certificate ", height), TxIDs: txIDs(height), State: kvs, Tree: change,
	}, err
}

func commitNext(s *Store, height uint64) error {
	c, err := next(s, height)
	if err != nil {
		return err
	}
	return s.Commit(c)
}

var errDifferent = errors.New("not as committed")

// check compares everything in the store with the script.
func check(s *Store) error {
	v, err := s.View()
	if err != nil {
		return err
	}
	defer v.Close()
	tip, err := v.Tip()
	if err != nil {
		return err
	}
	var errs []error
	expect := func(what string, got, want any, err error) {
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			if err == nil {
				err = errDifferent
			}
			errs = append(errs, fmt.Errorf("%s is %.60q, want %.60q: %w", what, fmt.Sprint(got), fmt.Sprint(want), err))
		}
	}
	g, err := v.Genesis()
	expect("genesis", g, genesisBytes, err)
	gh, err := v.GenesisHash()
	expect("genesis hash", gh, genesisHash, err)
	for h := s.Base(); h <= tip.Height; h++ {
		b, err := v.Block(h)
		expect(fmt.Sprint("block ", h), string(b), string(block(h)), err)
		c, err := v.Certificate(h)
		expect(fmt.Sprint("certificate ", h), string(c), fmt.Sprint("certificate ", h), err)
		of, err := v.HeightOf(sum("hash", h))
		expect("height of hash", of, h, err)
		for i, id := range txIDs(h) {
			at, err := v.Tx(id)
			expect("transaction", at, []TxLocation{{h, uint32(i)}}, err)
		}
	}
	if tip.Height > 0 {
		expect("tip's hash", tip.Hash, sum("hash", tip.Height), nil)
	}
	if _, err := v.Block(s.Base() - 1); !errors.Is(err, ErrNotFound) {
		errs = append(errs, fmt.Errorf("a block below the first: %v", err))
	}
	if _, err := v.Block(tip.Height + 1); !errors.Is(err, ErrNotFound) {
		errs = append(errs, fmt.Errorf("a block above the tip: %v", err))
	}
	state, root := content(tip.Height)
	got := map[string]string{}
	err = v.ScanState([]byte("account/"), nil, func(k, v []byte) bool {
		got[string(k)] = string(v)
		return true
	})
	expect("state", got, state, err)
	errs = append(errs, checkTree(v, tip.Height, state, root))
	// The version that is written is whole on the disk.
	written := s.buffer.written
	state, root = content(written)
	errs = append(errs, checkTree(storedTree{s}, written, state, root))
	return errors.Join(errs...)
}

// checkTree compares a version of the tree with the state and the root it should have: every leaf can be reached.
func checkTree(r tree.Reader, version tree.Version, state map[string]string, want chain.Hash) error {
	root, err := tree.Root(r, version)
	if err != nil || root != want {
		return fmt.Errorf("the root of version %d is %x (%w), want %s", version, root, errors.Join(err, errDifferent), want)
	}
	var errs []error
	for i := range accounts {
		value, present := state[string(account(i))]
		p, err := tree.Prove(r, version, chain.Sum(account(i)))
		if err == nil && present {
			err = tree.VerifyInclusion(root, chain.Sum(account(i)), chain.Sum([]byte(value)), p)
		} else if err == nil {
			err = tree.VerifyAbsence(root, chain.Sum(account(i)), p)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func mustOpen(t *testing.T, fs vfs.FS, opts Options) *Store {
	t.Helper()
	s, err := Open(fs, "data", opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// mustRun opens a new store and commits the script up to a height.
func mustRun(t *testing.T, fs vfs.FS, opts Options, height uint64) *Store {
	t.Helper()
	s := mustOpen(t, fs, opts)
	if err := initialize(s); err != nil {
		t.Fatal(err)
	}
	for h := uint64(1); h <= height; h++ {
		if err := commitNext(s, h); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func mustClose(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
