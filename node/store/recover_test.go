package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/posnet/posnet/node/ledger/tree"
)

// wide is the state of some thousand accounts after a block that changed one in three of them.
func wide(height uint64) (kvs []KV) {
	for i := range uint64(3000) {
		if height > 0 && i%3 != height%3 {
			continue
		}
		kv := KV{Key: binary.BigEndian.AppendUint64(nil, i), Value: fmt.Append(nil, height)}
		if height > 0 && i%70 == 0 {
			kv.Value = nil // deleted
		}
		kvs = append(kvs, kv)
	}
	return kvs
}

// A start after a crash of a node with many accounts, which several goroutines read, comes to the same tree.
func TestAStartAfterACrashMakesALargeTreeAgain(t *testing.T) {
	t.Parallel()
	if n := recoverers(3000); n < min(2, runtime.GOMAXPROCS(0)) {
		t.Fatalf("%d readers", n)
	}
	fs := vfs.NewCrashableMem()
	s := mustOpen(t, fs, Options{})
	base, change, err := tree.Apply(s.TreeReader(), tree.NoVersion, 0, updates(wide(0)))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Initialize(Genesis{Hash: genesisHash, State: wide(0), Tree: change}); err != nil {
		t.Fatal(err)
	}
	for h := uint64(1); h <= 8; h++ {
		if base, change, err = tree.Apply(s.TreeReader(), h-1, h, updates(wide(h))); err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(Commit{Height: h, BlockHash: sum("hash", h), State: wide(h), Tree: change}); err != nil {
			t.Fatal(err)
		}
	}
	crashed := fs.CrashClone(vfs.CrashCloneCfg{})
	mustClose(t, s)
	again := mustOpen(t, crashed, Options{})
	defer mustClose(t, again)
	if again.buffer.written != 0 {
		t.Fatalf("the tree of height %d was written: nothing to make again", again.buffer.written)
	}
	root, err := tree.Root(again.TreeReader(), 8)
	if err != nil || root != base {
		t.Errorf("root %x (%v), want %x", root, err, base)
	}
}

// A disk that cannot be read once at a start is not damage: whoever believed it would throw good data away.
func TestAReadThatFailsAtAStartIsNoDamage(t *testing.T) {
	t.Parallel()
	mem, opts := vfs.NewCrashableMem(), Options{TreeBufferHeights: 3, TreeFileBytes: 1, MemTableBytes: 1 << 20}
	s := mustRun(t, mem, opts, 20)
	failed := 0
	for n := int64(1); n <= 60; n++ {
		var reads atomic.Int64
		crashed := mem.CrashClone(vfs.CrashCloneCfg{})
		again, err := Open(errorfs.Wrap(crashed, errorfs.InjectorFunc(func(op errorfs.Op) error {
			if op.Kind == errorfs.OpFileReadAt && strings.HasSuffix(op.Path, ".sst") && reads.Add(1) == n {
				return errDisk
			}
			return nil
		})), "data", opts)
		if err != nil {
			if failed++; errors.Is(err, ErrCorrupt) || !errors.Is(err, errDisk) {
				t.Errorf("read %d failed, and the start says: %v", n, err)
			}
			continue
		}
		_ = again.Close()
	}
	if failed == 0 {
		t.Error("no read failed")
	}
	mustClose(t, s)
}
