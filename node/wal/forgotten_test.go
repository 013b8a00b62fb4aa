package wal_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/posnet/posnet/node/sim/disk"
	"github.com/posnet/posnet/node/wal"
)

// After a failed fsync the kernel takes for written what it could not write. The process ends, as it must; the next one
// reads those records, acts on them, and its own fsync reports no failure. Then the machine dies.
func TestWhatWasRecoveredAfterAFailedSyncOutlivesAPowerLoss(t *testing.T) {
	t.Parallel()
	for name, slot := range map[string]int{"records of any size": 0, "records in slots": 64} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := small
			o.Slot = slot
			d := disk.New()
			l := create(t, d, o)
			must(t, l.Append(rec(1, "durable")))
			must(t, l.Sync())
			must(t, l.Append(rec(2, "forgotten")))
			d.Watch(&disk.Watcher{Before: func(op disk.Op) error {
				if op.Kind == disk.Sync {
					return &disk.Forgotten{Err: syscall.EIO}
				}
				return nil
			}})
			if err := l.Sync(); !errors.Is(err, wal.ErrFailed) {
				t.Fatalf("sync: %v, want %v", err, wal.ErrFailed)
			}
			if image := d.Crash(disk.All()); len(recovered(t, image, o)) != 1 {
				t.Fatal("the disk has what it failed to write: the test proves nothing")
			}
			d = d.Crash(disk.None())
			l, recs := open(t, d, o)
			if want := []wal.Record{rec(1, "durable"), rec(2, "forgotten")}; !same(recs, want) {
				t.Fatalf("the next process recovers %q, want %q", show(recs), show(want))
			}
			if again := recovered(t, d.Crash(disk.All()), o); !same(again, recs) {
				t.Errorf("it recovered %q, and after a power loss there is %q", show(recs), show(again))
			}
			must(t, l.Append(rec(3, "later")))
			must(t, l.Sync())
			if again := recovered(t, d.Crash(disk.All()), o); !same(again, append(recs, rec(3, "later"))) {
				t.Errorf("it recovered %q and wrote one more, and after a power loss there is %q", show(recs), show(again))
			}
		})
	}
}

func recovered(t *testing.T, d *disk.Disk, o wal.Options) []wal.Record {
	t.Helper()
	_, recs := open(t, d, o)
	return recs
}
