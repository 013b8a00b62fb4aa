package store

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

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
	for h := uint64(4); h < 12; h++ {
		if err := commitNext(s, h); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Prune(0); err != nil {
		t.Fatal(err)
	}
	if tip, err := v.Tip(); err != nil || tip.Height != 3 {
		t.Errorf("the view moved to %v (%v)", tip, err)
	}
	state, root := content(3)
	for i := range accounts {
		b, err := v.State(account(i))
		if want, ok := state[string(account(i))]; ok != (err == nil) || string(b) != want {
			t.Errorf("account %d is %q (%v), want %q", i, b, err, want)
		}
	}
	if got, err := tree.Root(v, 3); err != nil || got != root {
		t.Errorf("root %x (%v), want %s", got, err, root)
	}
	if _, err := tree.Root(s.TreeReader(), 3); !errors.Is(err, tree.ErrMissing) {
		t.Errorf("version 3 was pruned, but reading it gave %v", err)
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
	fs := vfs.NewMem()
	s := mustRun(t, fs, Options{TreeCacheBytes: 1}, 40)
	calls := 0
	for more := true; more; calls++ {
		var err error
		if more, err = s.Prune(5); err != nil {
			t.Fatal(err)
		}
	}
	if calls < 36/PruneStep {
		t.Errorf("36 stale records were pruned in %d calls of at most %d", calls, PruneStep)
	}
	for h := uint64(0); h <= 40; h++ {
		_, want := content(h)
		got, err := tree.Root(s.TreeReader(), h)
		if kept := h >= 35; kept && (err != nil || got != want) || !kept && !errors.Is(err, tree.ErrMissing) {
			t.Errorf("version %d with 5 kept below 40: %x (%v)", h, got, err)
		}
	}
	if err := check(s); err != nil {
		t.Error(err)
	}
	// With nothing kept but the tip, what is stored is what the tip reaches.
	if more, err := s.Prune(0); more || err != nil {
		t.Fatalf("the rest was not pruned in one call: %v", err)
	}
	mustClose(t, s)
	s = mustOpen(t, fs, Options{})
	defer mustClose(t, s)
	if err := errors.Join(check(s), commitNext(s, 41), check(s)); err != nil {
		t.Error(err)
	}
	if more, err := s.Prune(1000); more || err != nil {
		t.Errorf("pruning with more kept than there is: %v %v", more, err)
	}
	state, root := content(41)
	fresh := tree.Change{}
	var kvs []KV
	for k, v := range state {
		kvs = append(kvs, KV{Key: []byte(k), Value: []byte(v)})
	}
	if r, c, err := tree.Apply(nil, tree.NoVersion, 0, updates(kvs)); err != nil || r != root {
		t.Fatal(err)
	} else {
		fresh = c
	}
	if _, err := s.Prune(0); err != nil {
		t.Fatal(err)
	}
	if got := count(t, s, treeSpace); got != len(fresh.New) {
		t.Errorf("%d nodes are stored, a fresh tree of the same content has %d", got, len(fresh.New))
	}
	if got := count(t, s, staleSpace); got != 0 {
		t.Errorf("%d stale records are left", got)
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
