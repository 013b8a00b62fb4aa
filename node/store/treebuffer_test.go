package store

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/ledger/tree"
)

// However little may stay in memory: what is not on the disk does, what changed last goes last, and the count is right.
func TestTheTreeInMemoryIsWhatChangedLast(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		opts := Options{
			TreeCacheBytes:    rapid.SampledFrom([]int64{1, 3_000, 6_000, 12_000, 1 << 20}).Draw(t, "bytes in memory"),
			TreeBufferBytes:   rapid.SampledFrom([]int64{4_000, 1 << 20}).Draw(t, "bytes of a generation"),
			TreeBufferHeights: rapid.Uint64Range(1, 6).Draw(t, "heights of a generation"),
			TreeFileBytes:     rapid.SampledFrom([]int64{1, 10_000}).Draw(t, "bytes of one that has files"),
		}
		s, err := Open(vfs.NewMem(), "data", opts)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}()
		if err := initialize(s); err != nil {
			t.Fatal(err)
		}
		for h := range rapid.Uint64Range(1, 25).Draw(t, "heights") {
			if err := commitNext(s, h+1); err != nil {
				t.Fatal(err)
			}
			if err := checkMemory(s, h+1); err != nil {
				t.Fatalf("height %d: %v", h+1, err)
			}
		}
	})
}

func checkMemory(s *Store, height uint64) error {
	state, root := content(height)
	m := &s.buffer.memory
	v, err := s.View()
	if err != nil {
		return err
	}
	defer v.Close()
	if err := checkTree(onlyBelow{v, m.from, height}, height, state, root); err != nil {
		return err
	}
	var sum int64
	for i, v := range m.versions {
		sum += v.bytes
		if v.version < m.from || i > 0 && v.version <= m.versions[i-1].version {
			return fmt.Errorf("version %d is counted after %v, with those from %d on in memory", v.version, m.versions[:i], m.from)
		}
	}
	if sum != m.bytes {
		return fmt.Errorf("%d bytes are counted, the versions have %d", m.bytes, sum)
	}
	if m.bytes > m.most && len(m.versions) > 0 && m.versions[0].version <= s.buffer.written {
		return fmt.Errorf("%d bytes are in memory, at most %d should, and version %d is on the disk", m.bytes, m.most, m.versions[0].version)
	}
	if m.none > len(m.versions)/2+1 {
		return fmt.Errorf("of %d versions that are counted nothing is left of %d", len(m.versions), m.none)
	}
	if m.from > 0 {
		return nil
	}
	// All of the tree is in memory: it counts as much as one that is made at once.
	var kvs []KV
	for k, v := range state {
		kvs = append(kvs, KV{Key: []byte(k), Value: []byte(v)})
	}
	_, fresh, err := tree.Apply(nil, tree.NoVersion, 0, updates(kvs))
	for _, n := range fresh.New {
		sum -= n.Size()
	}
	if err == nil && sum != 0 {
		err = fmt.Errorf("%d bytes are counted, the tree has %d", m.bytes, m.bytes-sum)
	}
	return err
}

// onlyBelow reads the tree of a view, and nothing of the versions that should be in memory but its root.
type onlyBelow struct {
	v    *View
	from tree.Version
	tip  uint64
}

func (o onlyBelow) Get(key tree.NodeKey) (*tree.Node, error) {
	if key.Version >= o.from && key != tree.RootKey(o.tip) {
		return nil, fmt.Errorf("node %v is asked for, with those from %d on in memory: %w", key, o.from, tree.ErrMissing)
	}
	return o.v.Get(key)
}

// Versions of which nothing is left are not counted for ever: an idle chain makes one with each block.
func TestVersionsOfWhichNothingIsLeftAreForgotten(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, vfs.NewMem(), Options{})
	defer mustClose(t, s)
	for h := uint64(0); h <= 100; h++ {
		kvs := []KV{{Key: account(1), Value: fmt.Append(nil, h)}}
		base := tree.NoVersion
		if h > 0 {
			base = h - 1
		}
		_, change, err := tree.Apply(s.TreeReader(), base, h, updates(kvs))
		if err == nil && h == 0 {
			err = s.Initialize(Genesis{Hash: genesisHash, State: kvs, Tree: change})
		} else if err == nil {
			err = s.Commit(Commit{Height: h, BlockHash: chain.Sum([]byte{byte(h)}), State: kvs, Tree: change})
		}
		if err != nil {
			t.Fatal(err)
		}
		if n, kept := len(s.buffer.memory.versions), len(s.buffer.open.nodes); n > 3 || kept > 3 {
			t.Fatalf("after %d blocks of one account %d versions are counted, and %d nodes are to be written", h, n, kept)
		}
	}
}

// hot is a store of one account, which every block changes.
func hot(t *testing.T, fs vfs.FS, opts Options) (s *Store, commit func(*Store, uint64)) {
	t.Helper()
	change := func(s *Store, base, h uint64) ([]KV, tree.Change) {
		kvs := []KV{{Key: account(1), Value: fmt.Append(nil, h)}, {Key: account(2 + int(h)%20), Value: fmt.Append(nil, h)}}
		_, c, err := tree.Apply(s.TreeReader(), base, h, updates(kvs))
		if err != nil {
			t.Fatal(err)
		}
		return kvs, c
	}
	s = mustOpen(t, fs, opts)
	kvs, c := change(s, tree.NoVersion, 0)
	if err := s.Initialize(Genesis{Hash: genesisHash, State: kvs, Tree: c}); err != nil {
		t.Fatal(err)
	}
	return s, func(s *Store, h uint64) {
		kvs, c := change(s, h-1, h)
		if err := s.Commit(Commit{Height: h, BlockHash: sum("hash", h), State: kvs, Tree: c}); err != nil {
			t.Fatal(err)
		}
	}
}

// A node that starts again and again has not ever more to make of its tree.
func TestRestartsWithinAGenerationDoNotPutOffWriting(t *testing.T) {
	t.Parallel()
	for i := range 8 {
		blocks, files, name := []uint64{1, 2, 5, 9}[i/2], int64(i%2), []string{"", " with files"}[i%2] // blocks between two starts
		t.Run(fmt.Sprint(blocks, name), func(t *testing.T) {
			t.Parallel()
			fs, opts := vfs.NewCrashableMem(), Options{TreeBufferHeights: 10, TreeFileBytes: files}
			s, commit := hot(t, fs, opts)
			for h := uint64(0); h < 200; {
				for range blocks {
					h++
					commit(s, h)
				}
				crashed := fs.CrashClone(vfs.CrashCloneCfg{}) // an end in order writes everything
				mustClose(t, s)
				fs = crashed
				s = mustOpen(t, fs, opts)
				if behind := h - s.buffer.written; behind > generationsInMemory*opts.TreeBufferHeights+partsOfGeneration+blocks {
					t.Fatalf("at height %d, with a start every %d blocks, the tree of %d blocks is not written", h, blocks, behind)
				}
			}
			mustClose(t, s)
		})
	}
}

// However few versions are kept, what is stale goes at last: its record comes after the version that made it so.
func TestPruningCloseToTheTipLeavesNothing(t *testing.T) {
	t.Parallel()
	for keep := range uint64(6) {
		t.Run(fmt.Sprint(keep), func(t *testing.T) {
			t.Parallel()
			s, commit := hot(t, vfs.NewMem(), Options{TreeBufferHeights: 4})
			defer mustClose(t, s)
			for h := uint64(1); h <= 200; h++ {
				commit(s, h)
				for more := true; more; {
					var err error
					if more, err = s.Prune(keep); err != nil {
						t.Fatal(err)
					}
				}
				if n := count(t, s, treeSpace); n > 200 {
					t.Fatalf("%d nodes of a tree of 21 accounts are stored at height %d", n, h)
				}
			}
		})
	}
}

// No commit has much of a long generation to write, and the whole of it is written before the next ends.
func TestALongGenerationIsWrittenInManyParts(t *testing.T) {
	t.Parallel()
	const heights = 32
	s, commit := hot(t, vfs.NewMem(), Options{TreeBufferHeights: heights})
	defer mustClose(t, s)
	parts := 0
	for h := uint64(1); h <= 10*heights; h++ {
		if p, g := s.buffer.part(), s.buffer.closed; g != nil {
			if parts++; len(p.nodes) > len(g.nodes)*blocksPerPart/heights+1 {
				t.Fatalf("at height %d a commit writes %d of %d nodes", h, len(p.nodes), len(g.nodes))
			}
		}
		if commit(s, h); s.buffer.open.heights > heights {
			t.Fatalf("at height %d the open generation has %d heights", h, s.buffer.open.heights)
		}
	}
	if parts < 5*heights/blocksPerPart {
		t.Errorf("%d parts in %d generations", parts, 10)
	}
}
