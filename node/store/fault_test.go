package store

import (
	"errors"
	"path"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

var errDisk = errors.New("input/output error")

func TestAFailedSyncOfTheLogIsFatal(t *testing.T) {
	t.Parallel()
	mem := vfs.NewCrashableMem()
	var failing atomic.Bool
	fs := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		sync := op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData || op.Kind == errorfs.OpFileSyncTo
		if failing.Load() && sync && strings.HasSuffix(op.Path, ".log") {
			return errDisk
		}
		return nil
	}))
	var told []error
	s := mustRun(t, fs, Options{OnFatal: func(err error) { told = append(told, err) }}, 5)
	c, err := next(s, 6)
	if err != nil {
		t.Fatal(err)
	}
	failing.Store(true)
	err = s.Commit(c)
	if !errors.Is(err, ErrFatal) || !errors.Is(err, errDisk) {
		t.Fatalf("a failed fsync gave %v, want %v", err, ErrFatal)
	}
	// What is not durable is not shown, and a disk that works again is not trusted.
	failing.Store(false)
	if tip, err := s.Tip(); err != nil || tip.Height != 5 {
		t.Errorf("tip after a failed commit is %v (%v), want 5", tip, err)
	}
	if err := s.Commit(c); !errors.Is(err, ErrFatal) {
		t.Errorf("the commit tried again gave %v, want %v", err, ErrFatal)
	}
	if _, err := s.Prune(0); !errors.Is(err, ErrFatal) {
		t.Errorf("pruning gave %v, want %v", err, ErrFatal)
	}
	if len(told) != 1 || !errors.Is(told[0], ErrFatal) {
		t.Errorf("OnFatal was told %v", told)
	}
	if err := s.Close(); !errors.Is(err, ErrFatal) {
		t.Errorf("closing gave %v, want %v", err, ErrFatal)
	}
	// The next process finds what was acknowledged.
	again := mustOpen(t, mem.CrashClone(vfs.CrashCloneCfg{}), Options{})
	defer mustClose(t, again)
	if tip, err := again.Tip(); err != nil || tip.Height != 5 {
		t.Errorf("tip after the crash is %v (%v), want 5", tip, err)
	}
	if err := check(again); err != nil {
		t.Error(err)
	}
}

func TestANearlyFullDiskIsRefusedAndRecovers(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1 << 30, TotalBytes: 1 << 30})
	s := mustRun(t, fs, Options{}, 2)
	defer mustClose(t, s)
	fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 63 << 20, TotalBytes: 1 << 30})
	if err := commitNext(s, 3); !errors.Is(err, ErrNoSpace) {
		t.Fatalf("a nearly full disk gave %v, want %v", err, ErrNoSpace)
	}
	fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 65 << 20, TotalBytes: 1 << 30})
	if err := errors.Join(commitNext(s, 3), check(s)); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func TestAFullDiskIsNotOpened(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	mustClose(t, mustRun(t, fs, Options{}, 2))
	fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1 << 20, TotalBytes: 1 << 30})
	if _, err := Open(fs, "data", Options{}); !errors.Is(err, ErrNoSpace) {
		t.Fatalf("a full disk gave %v, want %v", err, ErrNoSpace)
	}
	// A store that waits for room to commit can be started again meanwhile.
	fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 33 << 20, TotalBytes: 1 << 30})
	s := mustOpen(t, fs, Options{})
	defer mustClose(t, s)
	if err := commitNext(s, 3); !errors.Is(err, ErrNoSpace) {
		t.Errorf("a commit on a nearly full disk gave %v, want %v", err, ErrNoSpace)
	}
}

func TestATableThatWasCutOffIsReportedWithWhatToDo(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	s := mustRun(t, fs, Options{}, 20)
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	names, err := fs.List("data")
	if err != nil {
		t.Fatal(err)
	}
	cut := 0
	for _, name := range names {
		if !strings.HasSuffix(name, ".sst") {
			continue
		}
		f, err := fs.Create("data/"+name, vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		cut++
	}
	if _, err := Open(fs, "data", Options{}); cut == 0 || !errors.Is(err, ErrCorrupt) {
		t.Errorf("%d tables cut off: %v, want %v", cut, err, ErrCorrupt)
	}
}

func TestDamageIsReportedWithWhatToDo(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{".sst", ".blob", "MANIFEST"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			fs := vfs.NewMem()
			s := mustRun(t, fs, Options{TreeFileBytes: 1}, 20)
			if err := s.db.Flush(); err != nil {
				t.Fatal(err)
			}
			mustClose(t, s)
			if damage(t, fs, kind) == 0 {
				t.Fatalf("no %s file to damage", kind)
			}
			s, err := Open(fs, "data", Options{})
			if err == nil {
				for h := uint64(1); err == nil && h <= 20; h++ {
					_, err = s.Block(h)
				}
				if cerr := s.Close(); cerr != nil {
					t.Log(cerr)
				}
			}
			if !errors.Is(err, ErrCorrupt) {
				t.Errorf("got %v, want %v", err, ErrCorrupt)
			}
		})
	}
}

func TestAMissingFileIsDamage(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	s := mustRun(t, fs, Options{}, 20)
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	if n, err := s.DiskBytes(); err != nil || n == 0 {
		t.Errorf("a database of 20 blocks takes %d bytes (%v)", n, err)
	}
	mustClose(t, s)
	names, err := fs.List("data")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".sst") {
			if err := fs.Remove(path.Join("data", name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if s, err := Open(fs, "data", Options{}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("opening gave %v, want %v", err, ErrCorrupt)
		if err == nil {
			mustClose(t, s)
		}
	}
}

// damage turns over the bytes in the middle of every file of a kind.
func damage(t *testing.T, fs vfs.FS, kind string) int {
	t.Helper()
	names, err := fs.List("data")
	if err != nil {
		t.Fatal(err)
	}
	damaged := 0
	for _, name := range names {
		if !strings.HasPrefix(name, kind) && !strings.HasSuffix(name, kind) {
			continue
		}
		f, err := fs.OpenReadWrite(path.Join("data", name), vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, info.Size()/2)
		if _, err := f.ReadAt(b, info.Size()/4); err != nil {
			t.Fatal(err)
		}
		for i := range b {
			b[i] ^= 0xff
		}
		if _, err := f.WriteAt(b, info.Size()/4); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			t.Fatal(err)
		}
		damaged++
	}
	return damaged
}
