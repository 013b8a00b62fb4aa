package wal_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/wal"
)

func TestDamageToWhatWasDurableIsRefused(t *testing.T) {
	t.Parallel()
	fsys := vfs.NewMem()
	l := create(t, fsys, small)
	all := []wal.Record{rec(1, "first"), rec(2, "second"), rec(3, "third")}
	for _, r := range all {
		must(t, l.Append(r))
		must(t, l.Sync())
	}
	used := l.Size()
	lastBegins := used - 40 // 32 of the frame, 8 for "third"
	good := read(t, fsys)
	for at := range int(used) {
		damaged := bytes.Clone(good)
		damaged[at] ^= 0x10
		fsys := vfs.NewMem()
		write(t, fsys, damaged)
		l, recs, err := wal.OpenFile(fsys, path, small)
		switch {
		case int64(at) < lastBegins:
			if !errors.Is(err, wal.ErrCorrupt) && !errors.Is(err, wal.ErrVersion) {
				t.Errorf("byte %d damaged: %q, %v, want a refusal", at, show(recs), err)
			}
		// The hole the package comment admits: the last synced record looks torn.
		case err != nil || !same(recs, all[:2]) || l.Recovered().TornBytes == 0:
			t.Errorf("byte %d of the last record damaged: %q, %v, want the first two and a torn tail", at, show(recs), err)
		}
	}
}

func TestWithSlotsDamageAnywhereIsRefused(t *testing.T) {
	t.Parallel()
	o := small
	o.Slot = 64
	fsys := vfs.NewMem()
	l := create(t, fsys, o)
	for _, r := range []wal.Record{rec(1, "first"), rec(2, "second"), rec(3, strings.Repeat("3", 32))} {
		must(t, l.Append(r))
		must(t, l.Sync())
	}
	used := l.Size()
	good := read(t, fsys)
	for at := range int(used) + 64 { // and bytes where no record was ever written
		damaged := bytes.Clone(good)
		damaged[at] ^= 0x10
		fsys := vfs.NewMem()
		write(t, fsys, damaged)
		_, recs, err := wal.OpenFile(fsys, path, o)
		if !errors.Is(err, wal.ErrCorrupt) && !errors.Is(err, wal.ErrVersion) {
			t.Errorf("byte %d damaged: %q, %v, want a refusal", at, show(recs), err)
		}
	}
}

func TestADamagedConsensusLogSaysWhatToDo(t *testing.T) {
	t.Parallel()
	fsys := vfs.NewMem()
	l, _, err := wal.Open(fsys, "wal")
	must(t, err)
	for range 2 {
		must(t, l.Append(rec(1, "vote")))
		must(t, l.Sync())
	}
	must(t, l.Close())
	f, err := fsys.OpenReadWrite("wal/consensus.wal", vfs.WriteCategoryUnspecified)
	must(t, err)
	_, err = f.WriteAt([]byte("x"), 512+32)
	must(t, err)
	must(t, f.Close())
	if _, _, err := wal.Open(fsys, "wal"); !errors.Is(err, wal.ErrCorrupt) || !strings.Contains(err.Error(), "move the file away") {
		t.Errorf("%v, want ErrCorrupt and what to do", err)
	}
}

func TestATornTailIsDroppedReportedAndNeverComesBack(t *testing.T) {
	t.Parallel()
	fsys := vfs.NewMem()
	l := create(t, fsys, small)
	must(t, l.Append(rec(1, "durable")))
	must(t, l.Sync())
	begin := l.Size()
	// Two unsynced records, of which the crash leaves the second and half of the first.
	must(t, l.Append(rec(2, "lost1234"), rec(3, "whole but behind a hole")))
	torn := read(t, fsys)
	for i := begin; i < begin+20; i++ {
		torn[i] = 0
	}
	fsys = vfs.NewMem()
	write(t, fsys, torn)
	l = wantRecords(t, fsys, small, rec(1, "durable"))
	if got := l.Recovered().TornBytes; got == 0 {
		t.Error("recovery reports no torn bytes")
	}
	// As long as the lost one: the old third record would follow it without a seam.
	must(t, l.Append(rec(4, "new12345")))
	must(t, l.Close())
	l = wantRecords(t, fsys, small, rec(1, "durable"), rec(4, "new12345"))
	if got := l.Recovered().TornBytes; got != 0 {
		t.Errorf("%d torn bytes after a clean end", got)
	}
}

func FuzzRecover(f *testing.F) {
	for _, slot := range []int{0, 64} {
		fsys, o := vfs.NewMem(), small
		o.Slot = slot
		l := create(f, fsys, o)
		must(f, l.Append(rec(1, "vote"), rec(2, "lock")))
		must(f, l.Sync())
		must(f, l.Truncate(rec(3, "kept")))
		must(f, l.Append(rec(4, "tail")))
		f.Add(read(f, fsys), slot != 0)
	}
	f.Fuzz(func(t *testing.T, file []byte, slots bool) {
		o := small
		if slots {
			o.Slot = 64
		}
		fsys := vfs.NewMem()
		write(t, fsys, file)
		l, recs, err := wal.OpenFile(fsys, path, o)
		if err != nil {
			return
		}
		// Whatever was accepted is stable: it is read again as it was, and a record can follow it.
		extra := rec(5, "more")
		if err := l.Append(extra); err != nil && !errors.Is(err, wal.ErrFull) {
			t.Fatal(err)
		} else if err == nil {
			recs = append(recs, extra)
		}
		must(t, l.Close())
		if _, again, err := wal.OpenFile(fsys, path, o); err != nil || !same(again, recs) {
			t.Fatalf("reopened: %q, %v, want %q", show(again), err, show(recs))
		}
	})
}
