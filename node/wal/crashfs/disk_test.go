package crashfs_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/wal/crashfs"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// content is a file's, or a word for why there is none.
func content(d *crashfs.Disk, name string) string {
	f, err := d.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "missing"
	} else if err != nil {
		return err.Error()
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func syncDir(t *testing.T, d *crashfs.Disk, name string) {
	t.Helper()
	f, err := d.OpenDir(name)
	must(t, err)
	must(t, f.Sync())
}

// old makes d/a with the content old, durable, and returns it open.
func old(t *testing.T, d *crashfs.Disk) vfs.File {
	t.Helper()
	must(t, d.MkdirAll("d", 0o700))
	syncDir(t, d, "")
	f, err := d.Create("d/a", vfs.WriteCategoryUnspecified)
	must(t, err)
	_, err = f.Write([]byte("old"))
	must(t, err)
	must(t, f.Sync())
	syncDir(t, d, "d")
	return f
}

func TestACrashKeepsWhatWasSyncedAndMayLoseTheRest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*testing.T, *crashfs.Disk, vfs.File)
		look   string
		killed string   // without loss
		lost   string   // with all lost
		some   []string // what Some may leave, each of which must occur
	}{
		"bytes written over": {func(t *testing.T, _ *crashfs.Disk, f vfs.File) { _, err := f.WriteAt([]byte("new"), 0); must(t, err) },
			"d/a", "new", "old", []string{"old", "new"}},
		"bytes written over and synced": {func(t *testing.T, _ *crashfs.Disk, f vfs.File) {
			_, err := f.WriteAt([]byte("new"), 0)
			must(t, err)
			must(t, f.Sync())
		}, "d/a", "new", "new", []string{"new"}},
		"bytes appended": {func(t *testing.T, _ *crashfs.Disk, f vfs.File) { _, err := f.Write([]byte("er")); must(t, err) },
			"d/a", "older", "old", []string{"old", "old\x00\x00", "older"}},
		"a file removed":      {func(t *testing.T, d *crashfs.Disk, _ vfs.File) { must(t, d.Remove("d/a")) }, "d/a", "missing", "old", []string{"old", "missing"}},
		"a directory removed": {func(t *testing.T, d *crashfs.Disk, _ vfs.File) { must(t, d.RemoveAll("d")) }, "d/a", "missing", "old", []string{"old", "missing"}},
		"a file renamed, the new name": {func(t *testing.T, d *crashfs.Disk, _ vfs.File) { must(t, d.Rename("d/a", "d/b")) },
			"d/b", "old", "missing", []string{"old", "missing"}},
		"a file linked": {func(t *testing.T, d *crashfs.Disk, _ vfs.File) {
			must(t, d.Link("d/a", "d/b"))
			must(t, d.Remove("d/a"))
		},
			"d/b", "old", "missing", []string{"old", "missing"}},
		"a file made anew": {func(t *testing.T, d *crashfs.Disk, _ vfs.File) {
			f, err := d.Create("d/a", vfs.WriteCategoryUnspecified)
			must(t, err)
			_, err = f.Write([]byte("new"))
			must(t, err)
			must(t, f.Sync())
		}, "d/a", "new", "old", []string{"old", "new"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := crashfs.NewDisk()
			c.change(t, d, old(t, d))
			killed := d.Crash(crashfs.None, 0)
			if got := content(killed, c.look); got != c.killed {
				t.Errorf("after a kill %q, want %q", got, c.killed)
			}
			// A kill loses nothing, and makes nothing durable either.
			for who, from := range map[string]*crashfs.Disk{"the disk": d, "the disk after a kill": killed} {
				if got := content(from.Crash(crashfs.All, 0), c.look); got != c.lost {
					t.Errorf("%s, all lost: %q, want %q", who, got, c.lost)
				}
				seen := map[string]bool{}
				for seed := range uint64(64) {
					a, b := from.Crash(crashfs.Some, seed), from.Crash(crashfs.Some, seed)
					if a.Fingerprint() != b.Fingerprint() {
						t.Fatalf("seed %d leaves two different disks", seed)
					}
					seen[content(a, c.look)] = true
				}
				if len(seen) != len(c.some) {
					t.Errorf("%s, some lost: %v, want %q", who, seen, c.some)
				}
				for _, want := range c.some {
					if !seen[want] {
						t.Errorf("%s, some lost: never %q", who, want)
					}
				}
			}
		})
	}
}

func TestARenameIsThereOrNotAndNeverHalf(t *testing.T) {
	t.Parallel()
	d := crashfs.NewDisk()
	old(t, d)
	must(t, d.Rename("d/a", "d/b"))
	for seed := range uint64(32) {
		c := d.Crash(crashfs.Some, seed)
		if a, b := content(c, "d/a"), content(c, "d/b"); a == b {
			t.Errorf("seed %d: a is %q and b is %q", seed, a, b)
		}
	}
}

func TestAWriteOfManySectorsIsSeenHalfDone(t *testing.T) {
	t.Parallel()
	d := crashfs.NewDisk()
	f := old(t, d)
	var moments []string
	d.Watch(func(at crashfs.Moment, op crashfs.Op) error {
		there := strings.Map(func(r rune) rune {
			if r == 0 {
				return '.'
			}
			return r
		}, short(content(d.Crash(crashfs.All, 1), op.Path)))
		moments = append(moments, fmt.Sprintf("%s %s %s", at, op.Kind, there))
		return nil
	})
	_, err := f.WriteAt(bytes.Repeat([]byte("n"), 4*512), 0)
	must(t, err)
	_, err = f.WriteAt([]byte("x"), 0)
	must(t, err)
	must(t, f.Sync())
	want := []string{
		"before write o", "torn write nn", "torn write on.n", "after write o",
		"before write o", "after write o", // within one sector: never half
		"before sync o", "after sync xnnn",
	}
	if strings.Join(moments, "|") != strings.Join(want, "|") {
		t.Errorf("seen:\n%s\nwant:\n%s", strings.Join(moments, "\n"), strings.Join(want, "\n"))
	}
}

// short is the first byte of each sector.
func short(s string) string {
	var b []byte
	for i := 0; i < len(s); i += 512 {
		b = append(b, s[i])
	}
	return string(b)
}

func TestAnErrorOfTheHookIsTheResultAndChangesNothing(t *testing.T) {
	t.Parallel()
	d := crashfs.NewDisk()
	f := old(t, d)
	before := d.Fingerprint()
	broken := errors.New("broken")
	d.Watch(func(crashfs.Moment, crashfs.Op) error { return broken })
	_, create := d.Create("d/b", vfs.WriteCategoryUnspecified)
	_, reuse := d.ReuseForWrite("d/a", "d/b", vfs.WriteCategoryUnspecified)
	n, write := f.Write([]byte("x"))
	for name, err := range map[string]error{
		"create": create, "reuse": reuse, "write": write, "remove": d.Remove("d/a"), "rename": d.Rename("d/a", "d/b"),
		"link": d.Link("d/a", "d/b"), "mkdir": d.MkdirAll("e", 0o700), "sync": f.Sync(), "preallocate": f.Preallocate(0, 1),
	} {
		if !errors.Is(err, broken) || n != 0 {
			t.Errorf("%s: %v, want the hook's error", name, err)
		}
	}
	if d.Fingerprint() != before {
		t.Error("something changed")
	}
}

func TestPebbleRunsOnADisk(t *testing.T) {
	t.Parallel()
	d := crashfs.NewDisk()
	db, err := pebble.Open("db", &pebble.Options{FS: d, Logger: quiet{}})
	must(t, err)
	for i := range 100 {
		must(t, db.Set(fmt.Appendf(nil, "key %d", i), []byte("value"), pebble.Sync))
		if i == 50 {
			must(t, db.Flush())
		}
	}
	again, err := pebble.Open("db", &pebble.Options{FS: d.Crash(crashfs.All, 0), Logger: quiet{}})
	must(t, err)
	for i := range 100 {
		if _, closer, err := again.Get(fmt.Appendf(nil, "key %d", i)); err != nil {
			t.Errorf("key %d: %v", i, err)
		} else {
			must(t, closer.Close())
		}
	}
	must(t, again.Close())
	must(t, db.Close())
}

type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf(format, args...))
}
