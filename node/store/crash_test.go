package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// crash is the disk as a crash before one write operation would leave it.
type crash struct {
	fs      *vfs.MemFS
	op      string
	acked   int64 // the tip acknowledged before; -1 before the genesis
	started int64 // the last commit begun before
}

// Crash before every write operation of a run of commits and prunings, with
// none, half and all of what was not synced: the store opens, is at a tip that
// was begun and not below one that was acknowledged, holds exactly that tip's
// content, and goes on.
func TestACrashAtAnyWriteLeavesABlockWholeOrAbsent(t *testing.T) {
	t.Parallel()
	const height = 16
	// Small tables make the run flush, compact and change logs.
	opts := Options{MemTableBytes: 64 << 10, TreeCacheBytes: 16 << 10, TreeBufferHeights: 3}
	files := opts // the tree goes there
	files.TreeFileBytes = 1
	for _, run := range []struct {
		unsynced int
		opts     Options
		name     string
	}{{0, opts, ""}, {50, opts, ""}, {100, opts, ""}, {0, files, " and files"}, {50, files, " and files"}, {100, files, " and files"}} {
		unsynced, opts := run.unsynced, run.opts
		t.Run(fmt.Sprintf("with %d%% of what was not synced%s", unsynced, run.name), func(t *testing.T) {
			t.Parallel()
			crashes := record(t, opts, height, unsynced)
			t.Logf("%d crashes", len(crashes))
			if len(crashes) < 60 {
				t.Fatalf("only %d write operations were seen", len(crashes))
			}
			writes := []string{".log", ".sst", ".blob", "MANIFEST"}
			if opts.TreeFileBytes == 1 {
				writes = append(writes, spillName)
			}
			for _, file := range writes {
				if !slices.ContainsFunc(crashes, func(c crash) bool { return strings.Contains(c.op, file) }) {
					t.Errorf("no crash before an operation on a %s file", file)
				}
			}
			halves := 0
			for i, c := range crashes {
				tip, err := recoverFrom(c, opts)
				if err != nil {
					t.Fatalf("crash %d, before %s, tip acknowledged %d, commit begun %d: %v", i, c.op, c.acked, c.started, err)
				}
				if tip < c.started {
					halves++
				}
			}
			if unsynced == 0 && halves == 0 {
				t.Error("no crash fell into a commit")
			}
		})
	}
}

// reusingFS reuses log files without taking the file system's lock twice, as
// MemFS does: a crash clone asked for in between would wait for ever.
type reusingFS struct{ *vfs.MemFS }

func (r reusingFS) ReuseForWrite(from, to string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := r.Rename(from, to); err != nil {
		return nil, err
	}
	return r.OpenReadWrite(to, category)
}

// record runs the script and takes a crash before every write operation.
func record(t *testing.T, opts Options, height uint64, unsynced int) []crash {
	t.Helper()
	mem := vfs.NewCrashableMem()
	var acked, started atomic.Int64
	acked.Store(-1)
	started.Store(-1)
	var mu sync.Mutex
	var crashes []crash
	rng := rand.New(rand.NewPCG(1, uint64(unsynced)))
	fs := errorfs.Wrap(reusingFS{mem}, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			mu.Lock()
			defer mu.Unlock()
			c := crash{op: fmt.Sprintf("operation %d on %s", op.Kind, op.Path), acked: acked.Load()}
			c.fs = mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: unsynced, RNG: rng})
			c.started = started.Load()
			crashes = append(crashes, c)
		}
		return nil
	}))
	s := mustOpen(t, fs, opts)
	started.Store(0)
	if err := initialize(s); err != nil {
		t.Fatal(err)
	}
	acked.Store(0)
	for h := int64(1); h <= int64(height); h++ {
		started.Store(h)
		if err := commitNext(s, uint64(h)); err != nil {
			t.Fatal(err)
		}
		acked.Store(h)
		if _, err := s.Prune(3); err != nil {
			t.Fatal(err)
		}
	}
	mustClose(t, s)
	mu.Lock()
	defer mu.Unlock()
	return crashes
}

// recoverFrom opens what a crash left, checks it, and commits one block more.
func recoverFrom(c crash, opts Options) (tip int64, err error) {
	s, err := Open(c.fs, "data", opts)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	tip = -1
	if s.Initialized() {
		t, err := s.Tip()
		if err != nil {
			return 0, err
		}
		tip = int64(t.Height)
	}
	if tip < c.acked || tip > c.started {
		return tip, fmt.Errorf("the tip is %d", tip)
	}
	if tip < 0 {
		return tip, errors.Join(initialize(s), check(s))
	}
	err = errors.Join(check(s), commitNext(s, uint64(tip)+1))
	if err == nil {
		_, err = s.Prune(0)
	}
	return tip, errors.Join(err, check(s))
}
