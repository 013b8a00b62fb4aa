package wal_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"pgregory.net/rapid"

	"github.com/posnet/posnet/node/wal"
	"github.com/posnet/posnet/node/wal/crashfs"
)

// ledger is what the writer of a log may expect after a crash: one of the states from the last durable one on.
type ledger struct {
	states  [][]wal.Record
	durable int
}

func (m *ledger) last() []wal.Record { return m.states[len(m.states)-1] }

// step is one call of a log and what it does to its contents.
type step struct {
	call     func(*wal.Log) error
	appends  []wal.Record
	replaces bool // forget all before
	syncs    bool
}

func appends(recs ...wal.Record) step {
	return step{call: func(l *wal.Log) error { return l.Append(recs...) }, appends: recs}
}

func truncates(recs ...wal.Record) step {
	return step{call: func(l *wal.Log) error { return l.Truncate(recs...) }, appends: recs, replaces: true}
}

func rotates(recs ...wal.Record) step {
	return step{call: func(l *wal.Log) error { return l.Rotate(recs...) }, appends: recs, replaces: true, syncs: true}
}

func syncs() step { return step{call: (*wal.Log).Sync, syncs: true} }

// do makes the call. While it runs, and for ever if it poisons the log, a crash may leave any part of it; if it fails in
// another way it has changed nothing.
func (m *ledger) do(l *wal.Log, s step) error {
	before := len(m.states)
	if s.replaces {
		m.states = append(m.states, s.appends)
	} else {
		for _, r := range s.appends {
			m.states = append(m.states, append(slices.Clone(m.last()), r))
		}
	}
	err := s.call(l)
	switch {
	case err == nil && s.syncs:
		m.durable = len(m.states) - 1
	case err != nil && !errors.Is(err, wal.ErrFailed):
		m.states = m.states[:before]
	}
	return err
}

// check opens the log on a disk a crash left and complains unless it holds a state the writer may expect, durably, and
// takes records again.
func (m *ledger) check(mem *vfs.MemFS, o wal.Options) error {
	l, got, err := wal.OpenFile(mem, path, o)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(m.states[m.durable:], func(s []wal.Record) bool { return same(s, got) }) {
		return fmt.Errorf("recovered %q, want a state between %q and %q", show(got), show(m.states[m.durable]), show(m.last()))
	}
	want := append(slices.Clone(got), rec(200, "after the crash"))
	if err := errors.Join(l.Append(want[len(got)]), l.Sync()); err != nil {
		return err
	}
	_, again, err := wal.OpenFile(mem.CrashClone(vfs.CrashCloneCfg{}), path, o)
	if err != nil || !same(again, want) {
		return fmt.Errorf("one record later and after a second crash: %q, %w, want %q", show(again), err, show(want))
	}
	return nil
}

// script has every way a log is written: batches, records longer than a disk block, growth, truncation, rotation.
var script = []step{
	appends(rec(1, "one")),
	syncs(),
	appends(rec(1, "two"), rec(2, "three"), rec(3, strings.Repeat("t", 1900))),
	appends(rec(4, strings.Repeat("f", 1500))),
	syncs(),
	appends(rec(5, "unsynced")),
	truncates(rec(6, "kept")),
	appends(rec(7, "next height")),
	truncates(rec(8, "small")),
	truncates(),
	syncs(),
	appends(rec(9, strings.Repeat("n", 1999))),
	rotates(rec(10, "x"), rec(11, "y")),
	appends(rec(12, "end")),
}

func (m *ledger) play(l *wal.Log) error {
	for _, s := range script {
		if err := m.do(l, s); err != nil {
			return err
		}
	}
	return nil
}

func TestAfterACrashAtAnyWriteTheLogHoldsWhatWasPromised(t *testing.T) {
	t.Parallel()
	mem, m := vfs.NewCrashableMem(), &ledger{states: [][]wal.Record{nil}}
	points, created := 0, false
	fsys := crashfs.Watch(mem, func(n int, op errorfs.Op) error {
		if !created {
			return nil
		}
		for _, image := range crashfs.Images(mem, uint64(n), 6) {
			if err := m.check(image.FS, small); err != nil {
				t.Errorf("crash before operation %d (%v on %s), %s: %v", n, op.Kind, op.Path, image.Name, err)
			}
			points++
		}
		return nil
	})
	l := create(t, fsys, small)
	created = true
	must(t, m.play(l))
	if points < 100 {
		t.Errorf("only %d crashes were tried", points)
	}
}

func TestACrashWhileTheLogIsMadeLeavesNoneOrAWholeOne(t *testing.T) {
	t.Parallel()
	mem, none, whole := vfs.NewCrashableMem(), 0, 0
	check := func(where string, seed uint64) {
		for _, image := range crashfs.Images(mem, seed, 4) {
			_, recs, err := wal.OpenFile(image.FS, path, small)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				none++
			case err == nil && same(recs, []wal.Record{rec(1, "born with")}):
				whole++
			default:
				t.Errorf("crash %s, %s: %q, %v", where, image.Name, show(recs), err)
			}
		}
	}
	fsys := crashfs.Watch(mem, func(n int, op errorfs.Op) error {
		check(fmt.Sprintf("before operation %d (%v on %s)", n, op.Kind, op.Path), uint64(n))
		return nil
	})
	must(t, wal.Create(fsys, path, small, rec(1, "born with")))
	if none == 0 {
		t.Error("no crash came before the log was there")
	}
	whole = 0
	if check("after it was made", 1); whole != 6 {
		t.Errorf("%d of 6 disks have the log after Create returned", whole)
	}
}

func TestTheConsensusLogAndItsDirectoryAreDurableWhenOpenReturns(t *testing.T) {
	t.Parallel()
	mem := vfs.NewCrashableMem()
	l, _, err := wal.Open(mem, "wal")
	must(t, err)
	must(t, l.Append(rec(1, "vote")))
	must(t, l.Sync())
	_, recs, err := wal.Open(mem.CrashClone(vfs.CrashCloneCfg{}), "wal")
	if err != nil || !same(recs, []wal.Record{rec(1, "vote")}) {
		t.Errorf("after a crash: %q, %v, want the synced record", show(recs), err)
	}
}

// Two ends: first the process dies and the machine does not, so that the next process sees names and data that were never
// synced and acts on them; then the machine dies.
func TestWhatWasRecoveredAfterAKillOutlivesAPowerLoss(t *testing.T) {
	t.Parallel()
	killed := errors.New("killed")
	for killAt, ran := 0, true; ran; killAt++ {
		mem := vfs.NewCrashableMem()
		must(t, wal.Create(mem, path, small))
		ran = false
		fsys := crashfs.Watch(mem, func(n int, op errorfs.Op) error {
			if n >= killAt {
				ran = true
				return killed
			}
			return nil
		})
		if l, _, err := wal.OpenFile(fsys, path, small); err == nil {
			_ = (&ledger{states: [][]wal.Record{nil}}).play(l)
		}
		l, recovered := open(t, mem, small)
		_, again := open(t, mem.CrashClone(vfs.CrashCloneCfg{}), small)
		if !same(again, recovered) {
			t.Errorf("killed at operation %d: recovered %q, after a power loss %q", killAt, show(recovered), show(again))
		}
		must(t, l.Append(rec(1, "more")))
		must(t, l.Sync())
		_, again = open(t, mem.CrashClone(vfs.CrashCloneCfg{}), small)
		if want := append(recovered, rec(1, "more")); !same(again, want) {
			t.Errorf("killed at operation %d: %q after a synced record and a power loss, want %q", killAt, show(again), show(want))
		}
	}
}

func TestEveryFailingOperationPoisonsTheLogOrChangesNothing(t *testing.T) {
	t.Parallel()
	for _, fault := range []error{syscall.EIO, syscall.ENOSPC} {
		for failAt, ran := 0, true; ran; failAt++ {
			mem, m := vfs.NewCrashableMem(), &ledger{states: [][]wal.Record{nil}}
			must(t, wal.Create(mem, path, small))
			ran = false
			fsys := crashfs.Watch(mem, func(n int, op errorfs.Op) error {
				if n != failAt {
					return nil
				}
				ran = true
				return fault
			})
			l, _, err := wal.OpenFile(fsys, path, small)
			if err != nil {
				continue // refused to start, nothing promised
			}
			err = m.play(l)
			switch {
			case err == nil: // a failure nobody depends on, such as reserving room with EIO
			case errors.Is(err, wal.ErrNoSpace):
				if !errors.Is(err, syscall.ENOSPC) {
					t.Errorf("%v at operation %d: %v", fault, failAt, err)
				}
				if err := m.do(l, appends(rec(13, "room again"))); err != nil {
					t.Errorf("%v at operation %d: the log does not go on when there is room: %v", fault, failAt, err)
				}
			case errors.Is(err, wal.ErrFailed):
				for name, again := range map[string]error{
					"append": l.Append(rec(1, "x")), "sync": l.Sync(), "truncate": l.Truncate(), "rotate": l.Rotate(), "close": l.Close(),
				} {
					if !errors.Is(again, wal.ErrFailed) || !errors.Is(again, fault) {
						t.Errorf("%v at operation %d: %s afterwards: %v, want the same failure", fault, failAt, name, again)
					}
				}
			default:
				t.Errorf("%v at operation %d: %v, want ErrFailed or ErrNoSpace", fault, failAt, err)
			}
			for _, image := range crashfs.Images(mem, uint64(failAt), 2) {
				if err := m.check(image.FS, small); err != nil {
					t.Errorf("%v at operation %d, %s: %v", fault, failAt, image.Name, err)
				}
			}
		}
	}
}

func TestASyncThatFailedOnceIsNeverTriedAgain(t *testing.T) {
	t.Parallel()
	mem := vfs.NewCrashableMem()
	must(t, wal.Create(mem, path, small))
	syncs := 0
	fsys := crashfs.Watch(mem, func(_ int, op errorfs.Op) error {
		if op.Kind == errorfs.OpFileSyncData {
			if syncs++; syncs == 1 {
				return syscall.EIO
			}
		}
		return nil
	})
	l, _ := open(t, fsys, small)
	must(t, l.Append(rec(1, "x")))
	first := l.Sync()
	if !errors.Is(first, wal.ErrFailed) || !errors.Is(first, syscall.EIO) {
		t.Fatalf("sync: %v, want ErrFailed for EIO", first)
	}
	if second := l.Sync(); second != first || syncs != 1 {
		t.Errorf("second sync: %v after %d syncs of the file, want the first error again and one sync", second, syncs)
	}
}

func TestAnyHistoryOfWritesAndCrashesIsRecovered(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		mem, m := vfs.NewCrashableMem(), &ledger{states: [][]wal.Record{nil}}
		check := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		check(wal.Create(mem, path, small))
		l, _, err := wal.OpenFile(mem, path, small)
		check(err)
		draw := func() []wal.Record {
			return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) wal.Record {
				return rec(rapid.ByteMin(1).Draw(t, "type"), strings.Repeat("z", rapid.IntRange(0, 700).Draw(t, "size")))
			}), 0, 3).Draw(t, "records")
		}
		do := func(s step) {
			if err := m.do(l, s); err != nil && !errors.Is(err, wal.ErrFull) {
				t.Fatal(err)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"append":   func(*rapid.T) { do(appends(draw()...)) },
			"sync":     func(*rapid.T) { do(syncs()) },
			"truncate": func(*rapid.T) { do(truncates(draw()...)) },
			"rotate":   func(*rapid.T) { do(rotates(draw()...)) },
			"crash": func(t *rapid.T) {
				images := crashfs.Images(mem, rapid.Uint64().Draw(t, "seed"), 1)
				image := images[rapid.IntRange(0, len(images)-1).Draw(t, "image")]
				var got []wal.Record
				mem = image.FS
				l, got, err = wal.OpenFile(mem, path, small)
				check(err)
				if !slices.ContainsFunc(m.states[m.durable:], func(s []wal.Record) bool { return same(s, got) }) {
					t.Fatalf("%s: recovered %q, want a state between %q and %q", image.Name, show(got), show(m.states[m.durable]), show(m.last()))
				}
				m.states, m.durable = [][]wal.Record{got}, 0
			},
		})
	})
}
