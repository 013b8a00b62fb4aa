package disk_test

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/sim/disk"
)

// write makes a file of one write, which is not synced.
func write(t fataler, d *disk.Disk, name, data string) vfs.File {
	f, err := d.Create(name, vfs.WriteCategoryUnspecified)
	must(t, err)
	_, err = f.Write([]byte(data))
	must(t, err)
	return f
}

// durable makes a file that no crash takes.
func durable(t fataler, d *disk.Disk, name, data string) vfs.File {
	f := write(t, d, name, data)
	must(t, f.Sync())
	syncDir(t, d, d.PathDir(name))
	return f
}

func want(t *testing.T, d *disk.Disk, name, content string) {
	t.Helper()
	if got := read(t, d, name); got != content {
		t.Errorf("%s has %d bytes, %.30q, want %d, %.30q", name, len(got), got, len(content), content)
	}
}

func TestASyncedFileWithoutASyncedNameIsGoneAfterAPowerLoss(t *testing.T) {
	t.Parallel()
	d := newDisk(t)
	f := write(t, d, "a/x", "data")
	must(t, f.Sync())
	if _, err := d.Crash(disk.All()).Open("a/x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a name that was never synced: %v", err)
	}
	syncDir(t, d, "a")
	want(t, d.Crash(disk.All()), "a/x", "data")
}

func TestARenameIsAllOrNothing(t *testing.T) {
	t.Parallel()
	d := newDisk(t)
	durable(t, d, "a/x", "old")
	durable(t, d, "a/y", "new")
	must(t, d.Rename("a/y", "a/x"))
	lost, done := 0, 0
	for seed := range uint64(32) {
		image := d.Crash(disk.Mixed(rand.New(rand.NewPCG(seed, 0))))
		names, err := image.List("a")
		must(t, err)
		switch got := read(t, image, "a/x"); {
		case got == "old" && slices.Equal(names, []string{"b", "x", "y"}):
			lost++
		case got == "new" && slices.Equal(names, []string{"b", "x"}):
			done++
		default:
			t.Errorf("seed %d leaves %q in x, beside %v", seed, got, names)
		}
	}
	if lost == 0 || done == 0 {
		t.Errorf("of 32 crashes %d lost the rename and %d kept it", lost, done)
	}
	if err := d.Rename("a/x", "a/b/x"); !errors.Is(err, syscall.EXDEV) {
		t.Errorf("a rename to another directory: %v", err)
	}
	if err := d.Rename("a/none", "a/x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a rename of nothing: %v", err)
	}
}

func TestAFileWithTwoNamesIsOneFileAlsoAfterACrash(t *testing.T) {
	t.Parallel()
	d := newDisk(t)
	durable(t, d, "a/x", "one")
	must(t, d.Link("a/x", "a/b/y"))
	syncDir(t, d, "a/b")
	for name, l := range map[string]disk.Loss{"of the machine": disk.All(), "of the process": disk.None()} {
		image := d.Crash(l)
		f, err := image.OpenReadWrite("a/x", vfs.WriteCategoryUnspecified)
		must(t, err)
		_, err = f.WriteAt([]byte("two"), 0)
		must(t, err)
		if got := read(t, image, "a/b/y"); got != "two" {
			t.Errorf("after a crash %s the other name has %q", name, got)
		}
	}
	want(t, d, "a/b/y", "one") // a crash is a copy
}

func TestATornWriteEndsBetweenTwoSectors(t *testing.T) {
	t.Parallel()
	const old, fresh = "o", "n"
	for name, fate := range map[string]disk.Fate{"torn": {Kept: true, Prefix: 700}, "shredded": {Kept: true, Shredded: true}} {
		d := newDisk(t)
		f := durable(t, d, "a/x", strings.Repeat(old, 4096))
		_, err := f.WriteAt([]byte(strings.Repeat(fresh, 2000)), 300)
		must(t, err)
		r := rand.New(rand.NewPCG(1, 2))
		got := read(t, d.Crash(disk.Loss{
			Data: func(string, int) disk.Fate { return fate }, Name: func(string) bool { return true }, Sector: func() bool { return r.IntN(2) == 0 },
		}), "a/x")
		if !strings.Contains(got, old) || !strings.Contains(got, fresh) || len(got) != 4096 {
			t.Errorf("a %s write leaves %d bytes without a trace of both", name, len(got))
		}
		for i := 1; i < len(got); i++ {
			if got[i] != got[i-1] && i%512 != 0 && i != 300 && i != 2300 {
				t.Errorf("a %s write ends at byte %d, within a sector", name, i)
			}
		}
		if last := strings.LastIndex(got, fresh); name == "torn" && last != 511 {
			t.Errorf("a write at 300 that is cut off after 700 bytes ends at byte %d, want 511, the end of a sector", last)
		}
	}
}

func TestAFailedWriteLeavesThePartThatItSays(t *testing.T) {
	t.Parallel()
	d, told := newDisk(t), false
	f := durable(t, d, "a/x", "")
	d.Watch(&disk.Watcher{Before: func(op disk.Op) error {
		if op.Kind != disk.Write {
			return nil
		}
		return &disk.Torn{Bytes: 1100, Err: syscall.ENOSPC, Then: func() {
			told = true
			want(t, d, op.Path, strings.Repeat("w", 1024))
		}}
	}})
	n, err := f.Write([]byte(strings.Repeat("w", 2000)))
	if n != 1024 || !errors.Is(err, syscall.ENOSPC) || !vfs.IsNoSpaceError(err) || !told {
		t.Errorf("%d bytes were written, %v, told %t", n, err, told)
	}
}

func TestASyncThatFailedForGoodIsForgottenUntilItIsWrittenAgain(t *testing.T) {
	t.Parallel()
	d, fail := newDisk(t), true
	f := durable(t, d, "a/x", "durable")
	_, err := f.Write([]byte(" forgotten"))
	must(t, err)
	d.Watch(&disk.Watcher{Before: func(disk.Op) error {
		if fail {
			return &disk.Forgotten{Err: syscall.EIO}
		}
		return nil
	}})
	if err := f.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("the sync: %v", err)
	}
	fail = false
	must(t, f.Sync())
	want(t, d, "a/x", "durable forgotten")
	want(t, d.Crash(disk.All()), "a/x", "durable")

	// The process dies, and the next one sees it, and writes on.
	d = d.Crash(disk.None())
	want(t, d, "a/x", "durable forgotten")
	f, err = d.OpenReadWrite("a/x", vfs.WriteCategoryUnspecified)
	must(t, err)
	_, err = f.WriteAt([]byte(" more"), 17)
	must(t, err)
	must(t, f.Sync())
	want(t, d, "a/x", "durable forgotten more")
	want(t, d.Crash(disk.All()), "a/x", "durable"+strings.Repeat("\x00", 10)+" more")
	_, err = f.WriteAt([]byte(" forgotten"), 7)
	must(t, err)
	want(t, d.Crash(disk.All()), "a/x", "durable"+strings.Repeat("\x00", 10)+" more")
	must(t, f.Sync())
	want(t, d.Crash(disk.All()), "a/x", "durable forgotten more")
}

func TestOneHoldsALockUntilItLetsGoOrDies(t *testing.T) {
	t.Parallel()
	d := newDisk(t)
	l, err := d.Lock("a/LOCK")
	must(t, err)
	if _, err := d.Lock("a/LOCK"); !errors.Is(err, syscall.EAGAIN) {
		t.Errorf("a second lock: %v", err)
	}
	if _, err := d.Crash(disk.None()).Lock("a/LOCK"); err != nil {
		t.Errorf("after the death of who held it: %v", err)
	}
	must(t, l.Close())
	if _, err := d.Lock("a/LOCK"); err != nil {
		t.Errorf("once it was let go: %v", err)
	}
}

func TestAWatcherMayFailAnOperationAndThenNothingHappens(t *testing.T) {
	t.Parallel()
	failure := errors.New("no")
	for name, act := range map[string]func(*disk.Disk) error{
		"create": func(d *disk.Disk) error { _, err := d.Create("a/new", vfs.WriteCategoryUnspecified); return err },
		"rename": func(d *disk.Disk) error { return d.Rename("a/x", "a/new") },
		"link":   func(d *disk.Disk) error { return d.Link("a/x", "a/new") },
		"mkdir":  func(d *disk.Disk) error { return d.MkdirAll("a/new", 0o755) },
		"remove": func(d *disk.Disk) error { return d.Remove("a/x") },
		"write": func(d *disk.Disk) error {
			f, err := d.OpenReadWrite("a/x", vfs.WriteCategoryUnspecified)
			if err == nil {
				_, err = f.WriteAt([]byte("!"), 0)
			}
			return err
		},
	} {
		d := newDisk(t)
		durable(t, d, "a/x", "same")
		d.Watch(&disk.Watcher{Before: func(disk.Op) error { return failure }, After: func(op disk.Op) { t.Errorf("%s was done: %v", name, op) }})
		if err := act(d); !errors.Is(err, failure) {
			t.Errorf("%s: %v", name, err)
		}
		d.Watch(nil)
		if got := files(t, d, "a"); len(got) != 1 || got["x"] != "same" {
			t.Errorf("%s failed, and %s is left", name, show(got))
		}
	}
}

func TestAReadMayBeWrongAndShort(t *testing.T) {
	t.Parallel()
	d := newDisk(t)
	durable(t, d, "a/x", "content")
	d.Watch(&disk.Watcher{Damage: func(_ disk.Op, b []byte) int { b[0] ^= 1; return 4 }})
	f, err := d.Open("a/x")
	must(t, err)
	b := make([]byte, 7)
	if n, err := f.ReadAt(b, 0); n != 4 || err != io.EOF || string(b[:n]) != "bont" {
		t.Errorf("read %d bytes, %q, %v", n, b[:n], err)
	}
	d.Watch(nil)
	want(t, d, "a/x", "content")
}

func TestASnapshotIsWhatWasDurableAndComesBackDurably(t *testing.T) {
	t.Parallel()
	d := newDisk(t)
	f := durable(t, d, "a/b/x", "then")
	_, err := f.Write([]byte(" unsynced"))
	must(t, err)
	s := d.Snapshot("a/b")
	_, err = f.WriteAt([]byte("later"), 0)
	must(t, err)
	must(t, f.Sync())
	must(t, d.Restore("a/b", s))
	want(t, d, "a/b/x", "then")
	want(t, d.Crash(disk.All()), "a/b/x", "then")
	if d.Snapshot("none") != nil {
		t.Error("there is a snapshot of nothing")
	}
}

func TestWhoAsksForRoomIsToldWhatThereIs(t *testing.T) {
	t.Parallel()
	d := disk.New()
	d.SetFree(5)
	for _, d := range []*disk.Disk{d, d.Crash(disk.All()), d.Crash(disk.None())} {
		if u, err := d.GetDiskUsage(""); err != nil || u.AvailBytes != 5 || u.AvailBytes+u.UsedBytes != u.TotalBytes {
			t.Errorf("usage %+v, %v", u, err)
		}
	}
}
