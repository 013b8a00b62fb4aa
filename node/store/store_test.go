package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/ledger/tree"
)

func TestEverythingCommittedIsReadBack(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	s := mustRun(t, fs, Options{Genesis: genesisHash}, 30)
	if err := check(s); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	s = mustOpen(t, fs, Options{})
	defer mustClose(t, s)
	if tip, err := s.Tip(); err != nil || tip != (Tip{30, sum("hash", 30)}) {
		t.Fatalf("tip after opening again is %v (%v)", tip, err)
	}
	if err := check(s); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	t.Parallel()
	s := mustRun(t, vfs.NewMem(), Options{}, 2)
	defer mustClose(t, s)
	_, err1 := s.Block(3)
	_, err2 := s.Certificate(0)
	_, err3 := s.HeightOf(sum("hash", 3))
	_, err4 := s.Tx(sum("tx", 9, 9))
	_, err5 := s.State([]byte("nobody"))
	for i, err := range []error{err1, err2, err3, err4, err5} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("read %d gave %v, want %v", i+1, err, ErrNotFound)
		}
	}
	if _, err := s.TreeReader().Get(tree.RootKey(3)); !errors.Is(err, tree.ErrMissing) {
		t.Errorf("a tree node above the tip gave %v, want %v", err, tree.ErrMissing)
	}
}

func TestNewStoreTakesOnlyItsGenesis(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, vfs.NewMem(), Options{Genesis: genesisHash})
	defer mustClose(t, s)
	if _, err := s.Tip(); s.Initialized() || !errors.Is(err, ErrNoGenesis) {
		t.Errorf("a new store has a tip: %v", err)
	}
	if err := s.Commit(Commit{Height: 1}); !errors.Is(err, ErrNoGenesis) {
		t.Errorf("a commit before the genesis gave %v, want %v", err, ErrNoGenesis)
	}
	if err := s.Initialize(Genesis{Hash: sum("another")}); !errors.Is(err, ErrOtherGenesis) {
		t.Errorf("another genesis gave %v, want %v", err, ErrOtherGenesis)
	}
	if err := initialize(s); err != nil {
		t.Fatal(err)
	}
	if err := initialize(s); !errors.Is(err, ErrHeight) {
		t.Errorf("a second genesis gave %v, want %v", err, ErrHeight)
	}
	if err := check(s); err != nil {
		t.Error(err)
	}
}

func TestCommitRefusesAHeightThatIsNotNext(t *testing.T) {
	t.Parallel()
	s := mustRun(t, vfs.NewMem(), Options{}, 3)
	defer mustClose(t, s)
	for _, height := range []uint64{0, 2, 3, 5} {
		if err := s.Commit(Commit{Height: height}); !errors.Is(err, ErrHeight) {
			t.Errorf("height %d on tip 3 gave %v, want %v", height, err, ErrHeight)
		}
	}
	if err := errors.Join(commitNext(s, 4), check(s)); err != nil {
		t.Error(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	ours := vfs.NewMem()
	mustClose(t, mustRun(t, ours, Options{}, 3))

	dir := t.TempDir() // only a real file system locks
	holder, err := Open(vfs.Default, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mustClose(t, holder) })

	newer := vfs.NewMem()
	s := mustRun(t, newer, Options{}, 3)
	if err := s.db.Set(formatKey, []byte{format + 1}, pebble.Sync); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)

	for name, c := range map[string]struct {
		fs   vfs.FS
		dir  string
		opts Options
		want error
	}{
		"the directory of another genesis": {ours, "data", Options{Genesis: sum("another")}, ErrOtherGenesis},
		"a directory in use":               {vfs.Default, dir, Options{}, ErrLocked},
		"a directory of a newer format":    {newer, "data", Options{}, ErrFormat},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Open(c.fs, c.dir, c.opts); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestAViewStaysAsItIs(t *testing.T) {
	t.Parallel()
	s := mustRun(t, vfs.NewMem(), Options{TreeCacheBytes: 1}, 3)
	v, err := s.View()
	if err != nil {
		t.Fatal(err)
	}
	state, root := content(3)
	for h := uint64(4); h < 12; h++ {
		if err := commitNext(s, h); err != nil {
			t.Fatal(err)
		}
	}
	if err := checkTree(v, 3, state, root); err != nil {
		t.Errorf("the tree, eight commits later: %v", err)
	}
	if _, err := tree.Root(s.TreeReader(), 3); !errors.Is(err, tree.ErrMissing) {
		t.Errorf("version 3 was never written, but reading it without the view gave %v", err)
	}
	if _, err := s.Prune(0); err != nil {
		t.Fatal(err)
	}
	if tip, err := v.Tip(); err != nil || tip.Height != 3 {
		t.Errorf("the view moved to %v (%v)", tip, err)
	}
	for i := range accounts {
		b, err := v.State(account(i))
		if want, ok := state[string(account(i))]; ok != (err == nil) || string(b) != want {
			t.Errorf("account %d is %q (%v), want %q", i, b, err, want)
		}
	}
	v.Close()
	v.Close()
	mustClose(t, s)
	if _, err := s.View(); !errors.Is(err, ErrClosed) {
		t.Errorf("a view of a closed store gave %v, want %v", err, ErrClosed)
	}
	if err := s.Commit(Commit{Height: 12}); !errors.Is(err, ErrClosed) {
		t.Errorf("a commit to a closed store gave %v, want %v", err, ErrClosed)
	}
	if err := s.Close(); !errors.Is(err, ErrClosed) {
		t.Errorf("closing twice gave %v, want %v", err, ErrClosed)
	}
}

func TestScanStateFollowsPrefixAndCursor(t *testing.T) {
	t.Parallel()
	s := mustRun(t, vfs.NewMem(), Options{}, 0)
	defer mustClose(t, s)
	c, err := next(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	c.State = append(c.State, KV{Key: []byte("accounts"), Value: []byte{}}, KV{Key: []byte{0xff, 0xff, 1}, Value: []byte{1}}, KV{Key: []byte{0xff, 0xff}, Value: []byte{2}})
	if err := s.Commit(c); err != nil {
		t.Fatal(err)
	}
	scan := func(prefix, from string, limit int) []string {
		var keys []string
		err := s.ScanState([]byte(prefix), []byte(from), func(k, _ []byte) bool {
			keys = append(keys, string(k))
			return len(keys) < limit
		})
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	for name, c := range map[string]struct{ got, want []string }{
		"a page from a cursor":        {scan("account/", "012", 2), []string{"account/012", "account/013"}},
		"up to the end of a prefix":   {scan("account/03", "8", 9), []string{"account/038", "account/039"}},
		"a prefix of the highest key": {scan("\xff\xff", "", 9), []string{"\xff\xff", "\xff\xff\x01"}},
		"a prefix nothing has":        {scan("b", "", 9), nil},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: got %q, want %q", name, c.got, c.want)
		}
	}
	if b, err := s.State([]byte("accounts")); err != nil || len(b) != 0 {
		t.Errorf("an empty value is not a deleted one: %q (%v)", b, err)
	}
}

func TestPruneKeepsTheLastVersionsAndNothingElse(t *testing.T) {
	t.Parallel()
	opts := Options{TreeCacheBytes: 1, TreeBufferHeights: 2}
	s := mustRun(t, vfs.NewMem(), opts, 120)
	calls := 0
	for more := true; more; calls++ {
		var err error
		if more, err = s.Prune(20); err != nil {
			t.Fatal(err)
		}
	}
	if calls < 2 {
		t.Errorf("all was pruned in %d calls of at most %d records", calls, PruneStep)
	}
	kept, oldest := 0, uint64(0)
	for h := uint64(120); h > 0; h-- {
		_, want := content(h)
		switch got, err := tree.Root(s.TreeReader(), h); {
		case errors.Is(err, tree.ErrMissing):
		case err != nil || got != want:
			t.Errorf("version %d: %x (%v)", h, got, err)
		default:
			kept, oldest = kept+1, h
		}
	}
	if kept < 4 || oldest > 100 || oldest < 90 {
		t.Errorf("%d versions are kept, the oldest is %d, with 20 kept below 120", kept, oldest)
	}
	if err := check(s); err != nil {
		t.Error(err)
	}
	if more, err := s.Prune(1000); more || err != nil {
		t.Errorf("pruning with more kept than there is: %v %v", more, err)
	}
	mustClose(t, s)
}

// With one node in the tree each version is written by the commit after it, and the bound of what is kept can be seen.
func TestPruneKeepsExactlyAsManyVersions(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, vfs.NewMem(), Options{TreeCacheBytes: 1, TreeBufferHeights: 1})
	defer mustClose(t, s)
	for h := uint64(0); h <= 40; h++ {
		kvs := []KV{{Key: account(1), Value: fmt.Append(nil, h)}}
		base := tree.NoVersion
		if h > 0 {
			base = h - 1
		}
		_, change, err := tree.Apply(s.TreeReader(), base, h, updates(kvs))
		if err == nil && h == 0 {
			err = s.Initialize(Genesis{Hash: genesisHash, State: kvs, Tree: change})
		} else if err == nil {
			err = s.Commit(Commit{Height: h, BlockHash: sum("hash", h), State: kvs, Tree: change})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for more := true; more; {
		var err error
		if more, err = s.Prune(5); err != nil {
			t.Fatal(err)
		}
	}
	for h := uint64(0); h <= 40; h++ {
		if _, err := tree.Root(s.TreeReader(), h); errors.Is(err, tree.ErrMissing) != (h < 35) {
			t.Errorf("version %d with 5 kept below 40: %v", h, err)
		}
	}
}

// What is stored is what the version reaches that was written last, also when a crash came in the midst of writing one.
func TestNothingIsLeftOfOldVersions(t *testing.T) {
	t.Parallel()
	for i := range uint64(18) { // some of the heights have a generation half written
		height, files, name := 40+i/3, min(int64(i%3), 1), []string{"", " with files", " with files up to the tip"}[i%3]
		t.Run(fmt.Sprint(height, name), func(t *testing.T) {
			t.Parallel()
			fs, opts := vfs.NewCrashableMem(), Options{TreeBufferHeights: 5, TreeFileBytes: files}
			before := mustRun(t, fs, opts, height)
			for i%3 == 2 && before.buffer.written < height { // as Close does; the crash comes before it notes down the last generation
				p, more := before.buffer.rest()
				if !more || p.version == height {
					break
				}
				if p.last {
					b := newBatch(before.db, 0)
					if b.part(p); before.durable(b) != nil {
						t.Fatal("a part was not written")
					}
					before.buffer.wrote(p)
				}
				if err := before.spill(); err != nil {
					t.Fatal(err)
				}
			}
			crashed := fs.CrashClone(vfs.CrashCloneCfg{})
			mustClose(t, before)
			s := mustOpen(t, crashed, opts)
			defer mustClose(t, s)
			if err := check(s); err != nil {
				t.Fatal(err)
			}
			for h := height + 1; h < height+20 && (h < height+9 || s.buffer.closed != nil); h++ {
				if err := errors.Join(commitNext(s, h), check(s)); err != nil {
					t.Fatal(err)
				}
			}
			for more := true; more; {
				var err error
				if more, err = s.Prune(0); err != nil {
					t.Fatal(err)
				}
			}
			state, root := content(s.buffer.written)
			var kvs []KV
			for k, v := range state {
				kvs = append(kvs, KV{Key: []byte(k), Value: []byte(v)})
			}
			r, fresh, err := tree.Apply(nil, tree.NoVersion, 0, updates(kvs))
			if err != nil || r != root {
				t.Fatal(err)
			}
			if got := count(t, s, treeSpace); got != len(fresh.New) {
				t.Errorf("%d nodes are stored, a fresh tree of the same content has %d", got, len(fresh.New))
			}
			if got := count(t, s, staleSpace); got != 0 {
				t.Errorf("%d stale records are left", got)
			}
			tip, err := s.Tip()
			if got := count(t, s, changedSpace); err != nil || got != int(tip.Height-s.buffer.written) {
				t.Errorf("the keys of %d blocks are kept, of %d above version %d", got, tip.Height, s.buffer.written)
			}
		})
	}
}

// Whoever ends in order has nothing to make again at the next start, wherever in a generation it was.
func TestCloseWritesTheTree(t *testing.T) {
	t.Parallel()
	for blocks := uint64(1); blocks <= 24; blocks++ {
		t.Run(fmt.Sprint(blocks), func(t *testing.T) {
			t.Parallel()
			fs := vfs.NewMem()
			opts := Options{TreeBufferHeights: 5}
			s := mustRun(t, fs, opts, blocks)
			for range 2 {
				mustClose(t, s)
				s = mustOpen(t, fs, opts)
				tip, err := s.Tip()
				if err = errors.Join(err, check(s)); err != nil {
					t.Fatal(err)
				}
				if s.buffer.written != tip.Height || count(t, s, changedSpace) != 0 {
					t.Fatalf("version %d of %d is on the disk, and the keys of %d blocks", s.buffer.written, tip.Height, count(t, s, changedSpace))
				}
				for h := tip.Height + 1; h <= tip.Height+3; h++ {
					if err := errors.Join(commitNext(s, h), check(s)); err != nil {
						t.Fatal(err)
					}
				}
			}
			mustClose(t, s)
		})
	}
}

// appendTxLocation is how formats 1 and 2 wrote where a transaction is.
func appendTxLocation(dst []byte, l TxLocation) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(dst, l.Height), uint64(l.Index))
}

// A store of format 2 found transactions by their whole ids: those of its blocks still are, and the others by the first bytes.
func TestTransactionsOfTheFormatBeforeAreFound(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	s := mustRun(t, fs, Options{}, 20)
	b := newBatch(s.db, 0)
	b.deleteBetween([]byte{placeSpace}, []byte{placeSpace + 1})
	for h := uint64(1); h <= 20; h++ {
		for i, id := range txIDs(h) {
			b.set(hashKey(txSpace, &id), appendTxLocation(nil, TxLocation{h, uint32(i)}))
		}
	}
	b.set(formatKey, []byte{2})
	if err := errors.Join(b.err, b.sync(), check(s)); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	s = mustOpen(t, fs, Options{})
	defer mustClose(t, s)
	for h := uint64(21); h <= 30; h++ {
		if err := errors.Join(commitNext(s, h), check(s)); err != nil {
			t.Fatal(err)
		}
	}
	if f, err := get(s.db, formatKey); err != nil || !bytes.Equal(f, []byte{format}) {
		t.Errorf("the format is %x (%v)", f, err)
	}
	if n, old := count(t, s, placeSpace), count(t, s, txSpace); n == 0 || old == 0 {
		t.Errorf("%d places of the new kind, %d of the old one", n, old)
	}
}

// Ids may begin alike: all are places to look at, the oldest first, of both kinds.
func TestIDsThatBeginAlikeHaveSeveralPlaces(t *testing.T) {
	t.Parallel()
	s := mustRun(t, vfs.NewMem(), Options{}, 0)
	defer mustClose(t, s)
	id, alike, other := sum("id"), sum("id"), sum("id")
	alike[placePrefix]++
	other[placePrefix-1]++
	for h, ids := range map[uint64][]chain.Hash{1: {id}, 2: {other}, 3: {other, alike, id}} {
		b := newBatch(s.db, 0)
		b.txs(h, ids)
		if err := errors.Join(b.err, b.sync()); err != nil {
			t.Fatal(err)
		}
	}
	b := newBatch(s.db, 0)
	b.set(hashKey(txSpace, &id), appendTxLocation(nil, TxLocation{0, 7}))
	if err := errors.Join(b.err, b.sync()); err != nil {
		t.Fatal(err)
	}
	s.publish(&Tip{})
	want := []TxLocation{{0, 7}, {1, 0}, {3, 1}, {3, 2}}
	if got, err := s.Tx(id); err != nil || !slices.Equal(got, want) {
		t.Errorf("places %v (%v), want %v", got, err, want)
	}
	if got, err := s.Tx(alike); err != nil || !slices.Equal(got, want[1:]) {
		t.Errorf("places %v (%v), want %v", got, err, want[1:])
	}
	if got, err := s.Tx(sum("nobody's")); !errors.Is(err, ErrNotFound) {
		t.Errorf("places %v (%v) of nothing", got, err)
	}
}

// A store of format 1 has no record of what is written: all was.
func TestAStoreOfTheFormatBeforeIsTakenOver(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	s := mustRun(t, fs, Options{}, 0)
	for h := uint64(1); h <= 3; h++ {
		c, err := next(s, h)
		if err != nil {
			t.Fatal(err)
		}
		// As format 1 wrote it.
		b := newBatch(s.db, 0)
		b.nodes(c.Tree.New)
		b.delete(writtenKey)
		b.set(formatKey, []byte{1})
		if err := errors.Join(b.err, b.sync(), s.Commit(c)); err != nil {
			t.Fatal(err)
		}
		clear := newBatch(s.db, 0)
		clear.delete(heightKey(changedSpace, h))
		if err := errors.Join(clear.err, clear.sync()); err != nil {
			t.Fatal(err)
		}
	}
	s.unmarked = true // so that Close writes nothing
	mustClose(t, s)
	for range 2 {
		s = mustOpen(t, fs, Options{TreeBufferHeights: 1})
		tip, err := s.Tip()
		for h := tip.Height + 1; h <= tip.Height+7; h++ {
			err = errors.Join(err, check(s), commitNext(s, h))
		}
		if err = errors.Join(err, check(s)); err != nil {
			t.Fatal(err)
		}
		if b, err := get(s.db, formatKey); err != nil || !bytes.Equal(b, []byte{format}) {
			t.Errorf("the format is %x (%v)", b, err)
		}
		mustClose(t, s)
	}
}

func count(t *testing.T, s *Store, space byte) int {
	t.Helper()
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{space}, UpperBound: []byte{space + 1}})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for ok := it.First(); ok; ok = it.Next() {
		n++
	}
	if err := it.Close(); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestCommitTellsWhatItTook(t *testing.T) {
	t.Parallel()
	var told []CommitStats
	s := mustRun(t, vfs.NewMem(), Options{OnCommit: func(c CommitStats) { told = append(told, c) }}, 2)
	defer mustClose(t, s)
	if len(told) != 2 || told[1].Height != 2 || told[1].Bytes < len(block(2)) || told[1].Duration <= 0 {
		t.Errorf("told %+v of 2 commits", told)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	for _, err := range []error{ErrCorrupt, ErrFatal, ErrFormat, ErrLocked} {
		if !strings.Contains(err.Error(), ":") && !strings.Contains(err.Error(), "must") {
			t.Errorf("%q names a fault and no way out", err)
		}
	}
}

// Pebble takes its memtables out of its cache. What is left of it must hold what reads go through.
func TestBlocksOfFilesStayInTheCache(t *testing.T) {
	t.Parallel()
	s, _ := hot(t, vfs.NewMem(), Options{MemTableBytes: 1 << 20, CacheBytes: 256 << 10})
	defer mustClose(t, s)
	for i := range 40 { // the first memtables are small: each is twice as large as the one before
		if err := s.db.Set([]byte{blockSpace, byte(i)}, make([]byte, 100<<10), pebble.NoSync); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	const reads = 20
	before := s.db.Metrics().BlockCache
	for range reads {
		if _, err := get(s.db, appendStateKey(nil, account(1))); err != nil {
			t.Fatal(err)
		}
	}
	after := s.db.Metrics().BlockCache
	if hits := after.Hits - before.Hits; hits < reads-1 {
		t.Errorf("%d reads of one key found %d blocks in the cache, and missed %d", reads, hits, after.Misses-before.Misses)
	}
}
