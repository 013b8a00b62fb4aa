package wal_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/wal"
)

const path = "log"

// small is a layout in which growing and rotating come early.
var small = wal.Options{Label: "test", Chunk: 1024, MaxRecord: 2000, MaxSize: 16 << 10}

func rec(typ byte, text string) wal.Record { return wal.Record{Type: typ, Data: []byte(text)} }

// show writes records as one line.
func show(recs []wal.Record) string {
	var parts []string
	for _, r := range recs {
		text := string(r.Data)
		if len(text) > 20 {
			text = fmt.Sprintf("%s…(%d)", text[:8], len(text))
		}
		parts = append(parts, fmt.Sprintf("%d:%s", r.Type, text))
	}
	return strings.Join(parts, " ")
}

func same(a, b []wal.Record) bool {
	return slices.EqualFunc(a, b, func(x, y wal.Record) bool { return x.Type == y.Type && bytes.Equal(x.Data, y.Data) })
}

func create(t testing.TB, fsys vfs.FS, o wal.Options, recs ...wal.Record) *wal.Log {
	t.Helper()
	if err := wal.Create(fsys, path, o, recs...); err != nil {
		t.Fatal(err)
	}
	l, _ := open(t, fsys, o)
	return l
}

func open(t testing.TB, fsys vfs.FS, o wal.Options) (*wal.Log, []wal.Record) {
	t.Helper()
	l, recs, err := wal.OpenFile(fsys, path, o)
	if err != nil {
		t.Fatal(err)
	}
	return l, recs
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantRecords(t *testing.T, fsys vfs.FS, o wal.Options, want ...wal.Record) *wal.Log {
	t.Helper()
	l, got := open(t, fsys, o)
	if !same(got, want) {
		t.Fatalf("recovered %q, want %q", show(got), show(want))
	}
	if f := l.Recovered(); f.Records != len(want) {
		t.Fatalf("recovery counts %d records, want %d", f.Records, len(want))
	}
	return l
}

func TestRecordsAreRecoveredInOrder(t *testing.T) {
	t.Parallel()
	fsys := vfs.NewMem()
	l := create(t, fsys, small, rec(9, "born with"))
	must(t, l.Append(rec(1, "vote"), rec(2, "")))
	must(t, l.Append(rec(255, strings.Repeat("x", 2000))))
	must(t, l.Append())
	must(t, l.Close())
	l = wantRecords(t, fsys, small, rec(9, "born with"), rec(1, "vote"), rec(2, ""), rec(255, strings.Repeat("x", 2000)))
	if torn := l.Recovered().TornBytes; torn != 0 {
		t.Errorf("%d torn bytes after a clean end, want none", torn)
	}
	must(t, l.Append(rec(3, "more")))
	must(t, l.Close())
	wantRecords(t, fsys, small, rec(9, "born with"), rec(1, "vote"), rec(2, ""), rec(255, strings.Repeat("x", 2000)), rec(3, "more"))
}

func TestTruncateKeepsWhatItIsGivenAndNothingElse(t *testing.T) {
	t.Parallel()
	fsys := vfs.NewMem()
	l := create(t, fsys, small)
	for height := range 100 {
		must(t, l.Append(rec(1, fmt.Sprint("vote ", height)), rec(2, "lock")))
		must(t, l.Truncate(rec(3, fmt.Sprint("kept ", height)), rec(4, "")))
		must(t, l.Append(rec(1, "new")))
		must(t, l.Sync())
		if size := l.Size(); size > 1024 {
			t.Fatalf("%d bytes in use after height %d, want at most a chunk: Truncate does not give room back", size, height)
		}
	}
	must(t, l.Close())
	l = wantRecords(t, fsys, small, rec(3, "kept 99"), rec(4, ""), rec(1, "new"))
	must(t, l.Truncate())
	must(t, l.Close())
	wantRecords(t, fsys, small)
}

func TestTruncateWithMoreThanARecordHoldsRotates(t *testing.T) {
	t.Parallel()
	fsys := vfs.NewMem()
	l := create(t, fsys, small)
	keep := []wal.Record{rec(1, strings.Repeat("a", 1500)), rec(1, strings.Repeat("b", 1500))}
	must(t, l.Append(rec(2, "old")))
	must(t, l.Truncate(keep...))
	must(t, l.Close())
	wantRecords(t, fsys, small, keep...)
}

func TestRefusalsChangeNothing(t *testing.T) {
	t.Parallel()
	fsys := vfs.NewMem()
	l := create(t, fsys, small)
	must(t, l.Append(rec(1, "before")))
	tooLarge := rec(1, strings.Repeat("x", small.MaxRecord+1))
	largest := rec(1, strings.Repeat("x", small.MaxRecord))
	full := slices.Repeat([]wal.Record{largest}, 9)
	for name, c := range map[string]struct {
		got  error
		want error
	}{
		"append, record too large":   {l.Append(rec(1, "first of the batch"), tooLarge), wal.ErrTooLarge},
		"truncate, record too large": {l.Truncate(tooLarge), wal.ErrTooLarge},
		"rotate, record too large":   {l.Rotate(tooLarge), wal.ErrTooLarge},
		"append, log full":           {l.Append(full...), wal.ErrFull},
		"rotate, log full":           {l.Rotate(full...), wal.ErrFull},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
	for name, err := range map[string]error{
		"append":   l.Append(rec(0, "")),
		"truncate": l.Truncate(rec(0, "")),
		"rotate":   l.Rotate(rec(0, "")),
	} {
		if err == nil || !strings.Contains(err.Error(), "type 0") {
			t.Errorf("%s of the log's own type: %v, want a refusal", name, err)
		}
	}
	must(t, l.Append(rec(1, "after")))
	must(t, l.Close())
	if err := l.Append(rec(1, "x")); !errors.Is(err, wal.ErrClosed) {
		t.Errorf("append to a closed log: %v", err)
	}
	must(t, l.Close())
	wantRecords(t, fsys, small, rec(1, "before"), rec(1, "after"))
}

func TestALogThatIsNotOursIsRefused(t *testing.T) {
	t.Parallel()
	fsys := vfs.NewMem()
	must(t, create(t, fsys, small).Close())
	good := read(t, fsys)
	change := func(at int, to byte) []byte { b := bytes.Clone(good); b[at] = to; return b }
	slots := small
	slots.Slot = 256
	other := small
	other.Label = "another"
	for name, c := range map[string]struct {
		content []byte
		o       wal.Options
		want    error
		says    string
	}{
		"another purpose": {good, other, wal.ErrVersion, `for "test"`},
		"another layout":  {good, slots, wal.ErrVersion, "slots of 0 bytes"},
		"another version": {change(11, 2), small, wal.ErrVersion, "version 2"},
		"no log":          {bytes.Repeat([]byte("x"), 600), small, wal.ErrVersion, "does not begin like a log"},
		"damaged header":  {change(100, 1), small, wal.ErrCorrupt, "checksum of the header"},
		"empty":           {nil, small, wal.ErrCorrupt, "0 bytes"},
		"too large":       {make([]byte, small.MaxSize+1), small, wal.ErrCorrupt, "at most 16384"},
	} {
		fsys := vfs.NewMem()
		write(t, fsys, c.content)
		if _, _, err := wal.OpenFile(fsys, path, c.o); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %v saying %q", name, err, c.want, c.says)
		}
	}
	if _, _, err := wal.OpenFile(vfs.NewMem(), path, small); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v, want fs.ErrNotExist", err)
	}
}

func TestConsensusLogIsMadeWhenMissing(t *testing.T) {
	t.Parallel()
	fsys := vfs.Default
	dir := fsys.PathJoin(t.TempDir(), "a", "wal")
	l, recs, err := wal.Open(fsys, dir)
	if err != nil || len(recs) != 0 {
		t.Fatalf("first open: %q, %v", show(recs), err)
	}
	must(t, l.Append(rec(7, "lock")))
	must(t, l.Sync())
	must(t, l.Truncate(rec(8, "kept")))
	must(t, l.Close())
	l, recs, err = wal.Open(fsys, dir)
	if err != nil || !same(recs, []wal.Record{rec(8, "kept")}) {
		t.Fatalf("second open: %q, %v", show(recs), err)
	}
	must(t, l.Close())
}

func read(t testing.TB, fsys *vfs.MemFS) []byte {
	t.Helper()
	b, err := fsys.UnsafeGetFileDataBuffer(path)
	must(t, err)
	return bytes.Clone(b)
}

func write(t testing.TB, fsys vfs.FS, content []byte) {
	t.Helper()
	f, err := fsys.Create(path, vfs.WriteCategoryUnspecified)
	must(t, err)
	_, err = f.Write(bytes.Clone(content))
	must(t, err)
	must(t, f.Sync())
	must(t, f.Close())
}
