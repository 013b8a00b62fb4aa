package store

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/ledger/tree"
	"github.com/posnet/posnet/node/wal/crashfs"
)

// importScript imports the script's state of a height into "data".
func importScript(fs vfs.FS, height uint64) error {
	i, err := NewImport(fs, "data", Options{Genesis: genesisHash})
	if err != nil {
		return err
	}
	state, want := content(height)
	for _, k := range slices.Sorted(maps.Keys(state)) {
		if err := i.Add([]byte(k), []byte(state[k])); err != nil {
			return errors.Join(err, i.Abort())
		}
	}
	root, err := i.Build(height, nil)
	if err == nil && root != want {
		err = fmt.Errorf("the root is %s, want %s", root, want)
	}
	if err == nil {
		err = i.Commit(scriptBase(height))
	}
	return errors.Join(err, i.Abort())
}

func scriptBase(height uint64) Base {
	return Base{
		Genesis: genesisHash, GenesisFile: genesisBytes, Height: height, BlockHash: sum("hash", height), Block: block(height),
		Certificate: fmt.Append(nil, "certificate ", height), TxIDs: txIDs(height),
		Beside: []KV{{Key: []byte("x"), Value: []byte("beside")}},
	}
}

func TestAnImportedStateIsAStoreThatGoesOn(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	mustClose(t, mustRun(t, fs, Options{}, 0)) // one at height 0 makes room
	if err := importScript(fs, 9); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, fs, Options{Genesis: genesisHash})
	if tip, err := s.Tip(); err != nil || tip != (Tip{9, sum("hash", 9)}) || s.Base() != 9 {
		t.Fatalf("tip %v (%v), history from %d; want both 9", tip, err, s.Base())
	}
	if v, err := s.State([]byte("x")); err != nil || string(v) != "beside" {
		t.Errorf("the value beside the state is %q (%v)", v, err)
	}
	if err := check(s); err != nil {
		t.Fatal(err)
	}
	for h := uint64(10); h < 30; h++ {
		if err := commitNext(s, h); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Prune(2); err != nil {
			t.Fatal(err)
		}
	}
	if err := check(s); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	s = mustOpen(t, fs, Options{})
	defer mustClose(t, s)
	if err := check(s); err != nil || s.Base() != 9 {
		t.Fatalf("opened again the history begins at %d: %v", s.Base(), err)
	}
	if names, err := fs.List("/"); err != nil || !slices.Equal(names, []string{"data"}) {
		t.Errorf("the import leaves %v (%v)", names, err)
	}
}

// However the power fails, there is the whole imported store, or none and the import begins again.
func TestACrashInAnImportLeavesAWholeStoreOrNone(t *testing.T) {
	t.Parallel()
	const height = 5
	mem := vfs.NewCrashableMem()
	crashes, whole, renamed := 0, 0, false
	fs := crashfs.Watch(mem, func(n int, op errorfs.Op) error {
		renamed = renamed || op.Kind == errorfs.OpRename && op.Path == "data.import/db"
		if n%3 != 0 && !renamed {
			return nil
		}
		for _, image := range crashfs.Images(mem, uint64(n), 1) {
			crashes++
			there, err := afterImportCrash(image.FS, height)
			if there {
				whole++
			}
			if err != nil {
				t.Errorf("crash before operation %d, %d on %s, %s: %v", n, op.Kind, op.Path, image.Name, err)
			}
		}
		return nil
	})
	if err := importScript(fs, height); err != nil {
		t.Fatal(err)
	}
	if there, err := afterImportCrash(mem.CrashClone(vfs.CrashCloneCfg{}), height); err != nil || !there {
		t.Errorf("after the import was acknowledged a crash leaves a store: %v, %v", there, err)
	}
	t.Logf("%d crashes, after %d of them the store was there", crashes, whole)
	if crashes < 50 || whole < 3 || whole == crashes {
		t.Errorf("%d crashes of which %d left a store are no test", crashes, whole)
	}
}

// afterImportCrash does what a start does: if there is no store, the import begins again.
func afterImportCrash(fs vfs.FS, height uint64) (there bool, err error) {
	if _, serr := fs.Stat("data"); serr == nil {
		there = true
		if err := ClearImport(fs, "data"); err != nil {
			return there, err
		}
	} else if err := importScript(fs, height); err != nil {
		return there, err
	}
	s, err := Open(fs, "data", Options{Genesis: genesisHash})
	if err != nil {
		return there, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if tip, err := s.Tip(); err != nil || tip.Height != height {
		return there, fmt.Errorf("the tip is %v: %w", tip, err)
	}
	if err := errors.Join(check(s), commitNext(s, height+1), check(s)); err != nil {
		return there, err
	}
	names, err := fs.List("/")
	if err == nil && slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, "import") }) {
		err = fmt.Errorf("what the import left is still there: %v", names)
	}
	return there, err
}

func TestAnImportRefuses(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	begin := func() *Import {
		i, err := NewImport(fs, "data", Options{})
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	i := begin()
	if err := i.Commit(scriptBase(3)); err == nil {
		t.Error("a state without a tree was committed")
	}
	if err := i.Add([]byte("b"), nil); err != nil {
		t.Fatal(err)
	}
	if err := i.Add([]byte("a"), nil); err == nil {
		t.Error("keys may descend")
	}
	if err := i.Abort(); err != nil {
		t.Fatal(err)
	}
	i = begin()
	stop := errors.New("stop")
	if _, err := i.Build(3, func() error { return stop }); !errors.Is(err, stop) {
		t.Errorf("a stopped build gave %v, want %v", err, stop)
	}
	if err := i.Commit(scriptBase(3)); err == nil {
		t.Error("a state with half a tree was committed")
	}
	if err := i.Abort(); err != nil {
		t.Fatal(err)
	}
	mem := vfs.NewMem()
	mem.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 63 << 20, TotalBytes: 1 << 30})
	if i, err := NewImport(mem, "data", Options{}); err == nil {
		if _, err = i.Build(1, nil); !errors.Is(err, ErrNoSpace) {
			t.Errorf("on a nearly full disk building gave %v, want %v", err, ErrNoSpace)
		}
		if err := i.Abort(); err != nil {
			t.Fatal(err)
		}
	}
	if names, err := fs.List("/"); err != nil || len(names) != 0 {
		t.Errorf("aborted imports leave %v (%v)", names, err)
	}
}

// Many more leaves than the parts hold in memory.
func TestLeavesThatGoToTheDiskComeBackInOrder(t *testing.T) {
	t.Parallel()
	p := newLeafParts(vfs.NewMem(), "leaves")
	const n = 3000
	want := map[tree.Hash]tree.Hash{}
	for i := range n {
		l := leaf{key: chain.Sum(binary.BigEndian.AppendUint32(nil, uint32(i))), value: tree.Hash{byte(i)}}
		l.key[0] &= 1 // in two parts
		want[l.key] = l.value
		if err := p.add(l); err != nil {
			t.Fatal(err)
		}
	}
	var last tree.Hash
	got := 0
	if err := p.each(func(part []leaf) error {
		for _, l := range part {
			if string(l.key[:]) <= string(last[:]) || want[l.key] != l.value {
				t.Fatalf("leaf %x after %x with value %x", l.key[:4], last[:4], l.value[:4])
			}
			last = l.key
			got++
		}
		return nil
	}); err != nil || got != n {
		t.Fatalf("%d leaves came back (%v), want %d", got, err, n)
	}
}

// BenchmarkImport takes over a state of a million accounts, from values in order to a store on the disk.
func BenchmarkImport(b *testing.B) {
	const pairs = 1_000_000
	for b.Loop() {
		dir := b.TempDir()
		i, err := NewImport(vfs.Default, dir+"/db", Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := importNumbered(i, pairs); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/pairs, "ns/account")
}

// importNumbered imports accounts whose addresses ascend and look like any others.
func importNumbered(i *Import, pairs int) error {
	var key [33]byte
	key[0] = 'a'
	step := ^uint64(0) / uint64(pairs)
	for n := range pairs {
		tail := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
		binary.BigEndian.PutUint64(key[1:], uint64(n)*step)
		copy(key[9:], tail[:24])
		if err := i.Add(key[:], tail[:10]); err != nil {
			return err
		}
	}
	if _, err := i.Build(7, nil); err != nil {
		return err
	}
	return errors.Join(i.Commit(scriptBase(7)), i.Abort())
}

// keeper notes when somebody removes the store's directory where it is: file by file, and a crash in the middle leaves half of it.
type keeper struct {
	vfs.FS
	removed bool
}

func (k *keeper) RemoveAll(name string) error {
	k.removed = k.removed || name == "data"
	return k.FS.RemoveAll(name)
}

func TestAnImportMovesTheStoreBeforeItAwayWhole(t *testing.T) {
	t.Parallel()
	fs := &keeper{FS: vfs.NewMem()}
	mustClose(t, mustRun(t, fs, Options{}, 0))
	if err := importScript(fs, 9); err != nil {
		t.Fatal(err)
	}
	if fs.removed {
		t.Error("the store before it was removed where it was")
	}
	if left, err := fs.List(""); err != nil || len(left) != 1 {
		t.Errorf("%v is left beside the store (%v)", left, err)
	}
}

// Where what was imported cannot be noted down the import fails, and says so.
func TestAnImportThatCannotBeNotedDownFails(t *testing.T) {
	t.Parallel()
	failed := 0
	for n := int64(1); n <= 12; n++ {
		var writes atomic.Int64
		err := importScript(errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
			if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && strings.Contains(op.Path, "MANIFEST") && writes.Add(1) == n {
				return errDisk
			}
			return nil
		})), 9)
		if err != nil {
			if failed++; !errors.Is(err, errDisk) {
				t.Errorf("write %d of the manifest fails: %v", n, err)
			}
		}
	}
	if failed == 0 {
		t.Error("nothing failed")
	}
}
