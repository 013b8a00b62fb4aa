package store

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// Whatever operation of the disk fails while files of the tree are taken in, once or for good: no block that was acknowledged is
// lost, and the process goes on or is told.
func TestADiskThatFailsAtAnyOperationLosesNoBlock(t *testing.T) {
	t.Parallel()
	for _, files := range []string{"MANIFEST", "marker", ".sst", ".blob", "data"} {
		for _, once := range []bool{true, false} {
			t.Run(fmt.Sprint(files, once), func(t *testing.T) {
				t.Parallel()
				for n := int64(1); ; n++ {
					if done := failAt(t, files, n, once); done || n == 60 {
						return
					}
				}
			})
		}
	}
}

func failAt(t *testing.T, files string, n int64, once bool) (done bool) {
	t.Helper()
	mem := vfs.NewCrashableMem()
	var count atomic.Int64
	var counting atomic.Bool
	fs := errorfs.Wrap(reusingFS{mem}, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if !counting.Load() || op.Kind.ReadOrWrite() != errorfs.OpIsWrite || !strings.Contains(op.Path, files) || strings.HasSuffix(op.Path, ".log") {
			return nil
		}
		if c := count.Add(1); c == n || c > n && !once {
			return errDisk
		}
		return nil
	}))
	opts := Options{TreeBufferHeights: 3, TreeFileBytes: 1, MemTableBytes: 1 << 20}
	s := mustRun(t, fs, opts, 4)
	counting.Store(true)
	acked := uint64(4)
	for h := uint64(5); h <= 20; h++ {
		if err := commitNext(s, h); err != nil {
			break
		}
		acked = h
	}
	counting.Store(false)
	failed := count.Load() >= n
	crashed := mem.CrashClone(vfs.CrashCloneCfg{})
	if err := s.Close(); err != nil && !failed {
		t.Error(err)
	}
	again := mustOpen(t, crashed, opts)
	tip, err := again.Tip()
	if err != nil || tip.Height < acked || tip.Height > acked+1 {
		t.Errorf("operation %d on %s fails: the tip is %d (%v), %d was acknowledged", n, files, tip.Height, err, acked)
	}
	if err := check(again); err != nil {
		t.Error(err)
	}
	mustClose(t, again)
	return !failed
}
