package store

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/posnet/posnet/node/sim/disk"
)

// A crash may keep a later name and lose an earlier one as long as the directory is not synced. Before every operation of a
// run of commits, every single name that a crash may lose is lost alone: the store opens with all that was acknowledged.
func TestNoOneLostNameLosesABlock(t *testing.T) {
	t.Parallel()
	const height = 12
	opts := Options{MemTableBytes: 64 << 10, TreeCacheBytes: 16 << 10, TreeFileBytes: 1}
	d := disk.New()
	var acked, started atomic.Int64
	acked.Store(-1)
	started.Store(-1)
	var mu sync.Mutex
	type loss struct {
		disk           *disk.Disk
		before         string
		name           int
		acked, started int64
	}
	var losses []loss
	d.Watch(&disk.Watcher{Before: func(op disk.Op) error {
		if op.Kind == disk.Read {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		for lost, more := 0, true; more; lost++ {
			names := 0
			l := loss{before: op.Kind.String() + " " + op.Path, name: lost, acked: acked.Load()}
			l.disk = d.Crash(disk.Loss{
				Data: func(string, int) disk.Fate { return disk.Fate{Kept: true} },
				Name: func(string) bool { names++; return names-1 != lost },
			})
			l.started = started.Load()
			if more = lost < names; more {
				losses = append(losses, l)
			}
		}
		return nil
	}})
	for life := range int64(3) { // each opening makes a manifest
		s := mustOpen(t, d, opts)
		if life == 0 {
			started.Store(0)
			if err := initialize(s); err != nil {
				t.Fatal(err)
			}
			acked.Store(0)
		}
		for h := life*height + 1; h <= (life+1)*height; h++ {
			started.Store(h)
			if err := commitNext(s, uint64(h)); err != nil {
				t.Fatal(err)
			}
			acked.Store(h)
		}
		mustClose(t, s)
	}
	if len(losses) < 20 {
		t.Fatalf("only %d names could be lost", len(losses))
	}
	for _, l := range losses {
		s, err := Open(l.disk, "data", opts)
		if err != nil {
			t.Fatalf("before %s, without name %d, height %d acknowledged: %v", l.before, l.name, l.acked, err)
		}
		tip := int64(-1)
		if s.Initialized() {
			got, err := s.Tip()
			if err != nil {
				t.Fatal(err)
			}
			tip = int64(got.Height)
		}
		if tip < l.acked || tip > l.started {
			t.Errorf("before %s, without name %d: the tip is %d, %d was acknowledged and %d begun", l.before, l.name, tip, l.acked, l.started)
		}
		mustClose(t, s)
	}
	t.Logf("%d names lost, each alone", len(losses))
}
