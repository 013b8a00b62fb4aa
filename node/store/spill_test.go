package store

import (
	"errors"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// Nodes in files of their own come to rest in the lowest level without passing through the log, and nothing of them is left over.
func TestALargeGenerationGoesToTheLowestLevelAtOnce(t *testing.T) {
	t.Parallel()
	const height = 60
	bytes := func(files int64) (logged, ingested uint64, names string) {
		fs := vfs.NewMem()
		s := mustRun(t, fs, Options{TreeBufferHeights: 5, TreeFileBytes: files}, height)
		defer mustClose(t, s)
		if err := check(s); err != nil {
			t.Fatal(err)
		}
		m := s.db.Metrics()
		for level, l := range m.Levels {
			if level < len(m.Levels)-1 && l.TablesIngested > 0 {
				t.Errorf("%d files were taken into level %d", l.TablesIngested, level)
			}
		}
		all, err := fs.List("data")
		if err != nil {
			t.Fatal(err)
		}
		return m.WAL.BytesIn, m.Levels[len(m.Levels)-1].TablesIngested, strings.Join(all, " ")
	}
	within, none, _ := bytes(1 << 40)
	past, files, names := bytes(1)
	if none != 0 || files < height/5/2 {
		t.Errorf("%d files were taken in without files, %d with them", none, files)
	}
	if past >= within {
		t.Errorf("%d bytes were logged with files, %d without", past, within)
	}
	if n := strings.Count(names, spillName); n > 1 { // the one that is being written
		t.Errorf("%d files are left over: %s", n, names)
	}
}

// What an end left unfinished is cleared away.
func TestAnUnfinishedFileOfTheTreeIsRemoved(t *testing.T) {
	t.Parallel()
	opts := Options{TreeBufferHeights: 5, TreeFileBytes: 1}
	fs := vfs.NewCrashableMem()
	s := mustRun(t, fs, opts, 6)
	defer mustClose(t, s)
	crashed := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 1))})
	unfinished := func() (n int) {
		names, err := crashed.List("data")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasPrefix(name, spillName) {
				n++
			}
		}
		return n
	}
	if unfinished() != 1 {
		t.Fatal("want a crash in the midst of a file")
	}
	again := mustOpen(t, crashed, opts)
	if unfinished() != 0 {
		t.Error("the file is still there")
	}
	if err := check(again); err != nil {
		t.Error(err)
	}
	mustClose(t, again)
}

// A disk that fails under a file of the tree takes back no block: the store refuses the next one, and opens with all it acknowledged.
func TestADiskThatFailsUnderTheTreeLosesNoBlock(t *testing.T) {
	t.Parallel()
	for _, kind := range []errorfs.OpKind{errorfs.OpCreate, errorfs.OpFileSyncData, errorfs.OpFileWrite} {
		mem := vfs.NewCrashableMem()
		var failing atomic.Bool
		fs := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
			if failing.Load() && op.Kind == kind && strings.Contains(op.Path, spillName) {
				return errDisk
			}
			return nil
		}))
		told := 0
		opts := Options{TreeBufferHeights: 5, TreeFileBytes: 1, OnFatal: func(error) { told++ }}
		s := mustRun(t, fs, opts, 4)
		failing.Store(true)
		h := uint64(5)
		for ; h < 20 && told == 0; h++ {
			if err := commitNext(s, h); err != nil {
				t.Fatalf("operation %d: the block itself was refused: %v", kind, err)
			}
		}
		if told != 1 {
			t.Fatalf("operation %d: OnFatal was told %d times", kind, told)
		}
		if tip, err := s.Tip(); err != nil || tip.Height != h-1 {
			t.Errorf("operation %d: the tip is %v (%v), want %d", kind, tip, err, h-1)
		}
		if err := commitNext(s, h); err == nil {
			t.Errorf("operation %d: the next block was taken", kind)
		}
		if err := s.Close(); err == nil {
			t.Errorf("operation %d: it closed as if nothing had happened", kind)
		}
		again := mustOpen(t, mem.CrashClone(vfs.CrashCloneCfg{}), opts)
		if tip, err := again.Tip(); err != nil || tip.Height != h-1 {
			t.Errorf("operation %d: after the crash the tip is %v (%v), want %d", kind, tip, err, h-1)
		}
		if err := check(again); err != nil {
			t.Error(err)
		}
		mustClose(t, again)
	}
}

// While the disk is nearly full the files wait, and what is in them is not lost.
func TestTheTreeWaitsForRoom(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	room := func(mib uint64) {
		fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: mib << 20, TotalBytes: 1 << 30})
	}
	room(1000)
	s := mustRun(t, fs, Options{TreeBufferHeights: 5, TreeFileBytes: 1}, 6)
	room(63)
	if err := s.spill(); err == nil {
		t.Error("a file went on without room for it")
	}
	room(65)
	for h := uint64(7); h < 30; h++ {
		if err := commitNext(s, h); err != nil {
			t.Fatal(err)
		}
	}
	if err := check(s); err != nil {
		t.Error(err)
	}
	room(63) // there is none when it closes either
	mustClose(t, s)
	room(65)
	s = mustOpen(t, fs, Options{})
	defer mustClose(t, s)
	if err := check(s); err != nil {
		t.Error(err)
	}
}

// Files never overlap with what is on its way through the log, so that the database need not begin a new log to take them in:
// not after a crash either, when nodes of a cut off generation are deleted and made again.
func TestFilesOverlapWithNothingInTheLog(t *testing.T) {
	t.Parallel()
	opts := Options{TreeBufferHeights: 3, TreeFileBytes: 1}
	for height := uint64(4); height < 12; height++ {
		fs := vfs.NewCrashableMem()
		before := mustRun(t, fs, opts, height)
		crashed := fs.CrashClone(vfs.CrashCloneCfg{})
		mustClose(t, before)
		s := mustOpen(t, crashed, opts)
		for h := height + 1; h < height+20; h++ {
			if err := commitNext(s, h); err != nil {
				t.Fatal(err)
			}
		}
		m := s.db.Metrics()
		if lowest := m.Levels[len(m.Levels)-1].TablesIngested; m.Flush.AsIngestCount != 0 || lowest < 3 {
			t.Errorf("after a crash at height %d %d files went through the log, and %d to the lowest level", height, m.Flush.AsIngestCount, lowest)
		}
		if err := check(s); err != nil {
			t.Error(err)
		}
		mustClose(t, s)
	}
}

// A disk that fails while the database takes files in ends the store, and nobody waits forever for what it was about to write.
func TestNobodyHangsWhenFilesCannotBeTakenIn(t *testing.T) {
	t.Parallel()
	var on, first atomic.Bool
	reached, goOn := make(chan struct{}), make(chan struct{})
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if !on.Load() || op.Kind.ReadOrWrite() != errorfs.OpIsWrite || !strings.Contains(op.Path, "MANIFEST") {
			return nil
		}
		if first.CompareAndSwap(false, true) {
			close(reached)
			<-goOn
		}
		return errDisk
	}))
	s := mustRun(t, fs, Options{TreeBufferHeights: 3, TreeFileBytes: 1}, 30)
	on.Store(true)
	var all sync.WaitGroup
	all.Go(func() {
		for h := uint64(31); h <= 60 && commitNext(s, h) == nil; h++ {
		}
	})
	<-reached
	all.Go(func() { _, _ = s.Prune(1) })
	for s.pruning.TryLock() { // until Prune, or who takes the files in, has it
		s.pruning.Unlock()
		runtime.Gosched()
	}
	close(goOn)
	all.Go(func() { _ = s.Close() })
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("somebody hangs")
	}
	if err := s.usable(); !errors.Is(err, ErrFatal) {
		t.Errorf("%v, want %v", err, ErrFatal)
	}
}
