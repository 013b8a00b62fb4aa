package disk_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/posnet/posnet/node/sim/disk"
)

// The model is what POSIX promises, as naively as it can be said: a file is the list of contents that it has had since its
// last sync, a directory the list of listings. A crash leaves one of each; only one that loses all leaves the first.

// file is a file of the model, under whatever names.
type file struct {
	synced, now string
	writes      []written // since the sync
}

type written struct {
	off  int
	data string
}

func (f *file) put(w written) {
	f.now = overlay(f.now, w)
	f.writes = append(f.writes, w)
}

func overlay(s string, w written) string {
	b := []byte(s)
	if need := w.off + len(w.data); need > len(b) {
		b = append(b, make([]byte, need-len(b))...)
	}
	copy(b[w.off:], w.data)
	return string(b)
}

// model is a disk with files in two directories, one in the other.
type model struct {
	now, synced map[string]map[string]*file // by directory, by name
	all         []*file
	unsynced    map[string]bool // names that were changed since their directory was synced
}

var dirs = []string{"a", "a/b"}

func newModel() *model {
	m := &model{now: map[string]map[string]*file{}, synced: map[string]map[string]*file{}, unsynced: map[string]bool{}}
	for _, d := range dirs {
		m.now[d], m.synced[d] = map[string]*file{}, map[string]*file{}
	}
	return m
}

// newDisk is a disk with the directories of the model, durably.
func newDisk(t fataler) *disk.Disk {
	d := disk.New()
	must(t, d.MkdirAll("a/b", 0o755))
	for _, name := range []string{"", "a", "a/b"} {
		syncDir(t, d, name)
	}
	return d
}

type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func must(t fataler, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func syncDir(t fataler, d *disk.Disk, name string) {
	f, err := d.OpenDir(name)
	must(t, err)
	must(t, f.Sync())
	must(t, f.Close())
}

func read(t fataler, d *disk.Disk, name string) string {
	t.Helper()
	f, err := d.Open(name)
	must(t, err)
	b, err := io.ReadAll(f)
	must(t, err)
	return string(b)
}

// files reads all files of a directory of a disk.
func files(t fataler, d *disk.Disk, dir string) map[string]string {
	names, err := d.List(dir)
	must(t, err)
	out := map[string]string{}
	for _, name := range names {
		if p := dir + "/" + name; !slices.Contains(dirs, p) {
			out[name] = read(t, d, p)
		}
	}
	return out
}

// contents are those of a directory of the model.
func contents(of map[string]*file, content func(*file) string) map[string]string {
	out := map[string]string{}
	for name, f := range of {
		out[name] = content(f)
	}
	return out
}

func show(m map[string]string) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&b, "%s=%.12q(%d) ", k, m[k], len(m[k]))
	}
	return b.String()
}

// touch notes that a name was changed and that its directory is not synced since.
func (m *model) touch(dir, name string) { m.unsynced[dir+"/"+name] = true }

// agrees sees that a disk has in each directory what want says.
func (m *model) agrees(t fataler, when string, d *disk.Disk, names map[string]map[string]*file, content func(*file) string) {
	t.Helper()
	for _, dir := range dirs {
		got, want := files(t, d, dir), contents(names[dir], content)
		if !maps.Equal(got, want) {
			t.Fatalf("%s: %s has %s, want %s", when, dir, show(got), show(want))
		}
	}
}

func TestADiskKeepsWhatPOSIXPromisesAndNoMore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d, m := newDisk(t), newModel()
		dir := func(t *rapid.T) string { return rapid.SampledFrom(dirs).Draw(t, "dir") }
		name := func(t *rapid.T) string { return rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "name") }
		crash := func(t *rapid.T, l disk.Loss) { d = d.Crash(l) }
		settle := func(names map[string]map[string]*file, content func(*file) string) {
			next, again := newModel(), map[*file]*file{}
			for _, dir := range dirs {
				for n, f := range names[dir] {
					if again[f] == nil {
						again[f] = &file{synced: content(f), now: content(f)}
						next.all = append(next.all, again[f])
					}
					next.now[dir][n], next.synced[dir][n] = again[f], again[f]
				}
			}
			m = next
		}
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				m.agrees(t, "now", d, m.now, func(f *file) string { return f.now })
			},
			"create": func(t *rapid.T) {
				dir, name := dir(t), name(t)
				_, err := d.Create(dir+"/"+name, vfs.WriteCategoryUnspecified)
				must(t, err)
				m.now[dir][name] = &file{}
				m.all = append(m.all, m.now[dir][name])
				m.touch(dir, name)
			},
			"write": func(t *rapid.T) {
				dir, name := dir(t), name(t)
				want := m.now[dir][name]
				if want == nil {
					t.Skip("no such file")
				}
				f, err := d.OpenReadWrite(dir+"/"+name, vfs.WriteCategoryUnspecified)
				must(t, err)
				w := written{rapid.IntRange(0, 1500).Draw(t, "offset"), strings.Repeat(rapid.StringMatching("[a-z]").Draw(t, "letter"), rapid.IntRange(1, 1500).Draw(t, "size"))}
				_, err = f.WriteAt([]byte(w.data), int64(w.off))
				must(t, err)
				want.put(w)
			},
			"sync": func(t *rapid.T) {
				dir, name := dir(t), name(t)
				want := m.now[dir][name]
				if want == nil {
					t.Skip("no such file")
				}
				f, err := d.Open(dir + "/" + name)
				must(t, err)
				must(t, f.Sync())
				want.synced, want.writes = want.now, nil
			},
			"sync-dir": func(t *rapid.T) {
				dir := dir(t)
				syncDir(t, d, dir)
				m.synced[dir] = maps.Clone(m.now[dir])
				maps.DeleteFunc(m.unsynced, func(p string, _ bool) bool { return path.Dir(p) == dir })
			},
			"rename": func(t *rapid.T) {
				dir, from, to := dir(t), name(t), name(t)
				if m.now[dir][from] == nil || from == to {
					t.Skip("nothing to rename")
				}
				must(t, d.Rename(dir+"/"+from, dir+"/"+to))
				m.now[dir][to] = m.now[dir][from]
				delete(m.now[dir], from)
				m.touch(dir, from)
				m.touch(dir, to)
			},
			"link": func(t *rapid.T) {
				from, name1, to, name2 := dir(t), name(t), dir(t), name(t)
				if m.now[from][name1] == nil {
					t.Skip("nothing to link")
				}
				err := d.Link(from+"/"+name1, to+"/"+name2)
				if m.now[to][name2] != nil {
					if !errors.Is(err, fs.ErrExist) {
						t.Fatalf("link to a name that is taken: %v", err)
					}
					return
				}
				must(t, err)
				m.now[to][name2] = m.now[from][name1]
				m.touch(to, name2)
			},
			"remove": func(t *rapid.T) {
				dir, name := dir(t), name(t)
				err := d.Remove(dir + "/" + name)
				if m.now[dir][name] == nil {
					if !errors.Is(err, fs.ErrNotExist) {
						t.Fatalf("remove what is not there: %v", err)
					}
					return
				}
				must(t, err)
				delete(m.now[dir], name)
				m.touch(dir, name)
			},
			"the process dies": func(t *rapid.T) { crash(t, disk.None()) },
			"the machine dies with nothing written back": func(t *rapid.T) {
				crash(t, disk.All())
				m.agrees(t, "after the loss of all", d, m.synced, func(f *file) string { return f.synced })
				settle(m.synced, func(f *file) string { return f.synced })
			},
			"the volume is copied": func(t *rapid.T) {
				d = d.Copy()
				settle(m.now, func(f *file) string { return f.now })
			},
			"the machine dies somewhere in between": func(t *rapid.T) {
				seed := rapid.Uint64().Draw(t, "seed")
				image := d.Crash(disk.Mixed(rand.New(rand.NewPCG(seed, 0))))
				m.allows(t, image)
				if again := d.Crash(disk.Mixed(rand.New(rand.NewPCG(seed, 0)))); !equal(t, image, again) {
					t.Fatal("the same seed leaves another disk")
				}
			},
		})
	})
}

func equal(t fataler, a, b *disk.Disk) bool {
	for _, dir := range dirs {
		if !maps.Equal(files(t, a, dir), files(t, b, dir)) {
			return false
		}
	}
	return true
}

// allows sees that a crash has left what it may: names that were durable and not changed since, each with its file; and in
// every file, byte for byte, what was durable there or was written since.
func (m *model) allows(t fataler, d *disk.Disk) {
	for _, dir := range dirs {
		got := files(t, d, dir)
		for name, f := range m.synced[dir] {
			content, there := got[name]
			if m.unsynced[dir+"/"+name] {
				continue
			}
			if !there || !f.allows(content) {
				t.Fatalf("%s/%s was durable as %.20q(%d) and is %.20q(%d), %t", dir, name, f.synced, len(f.synced), content, len(content), there)
			}
		}
		for name, content := range got {
			if !slices.ContainsFunc(m.all, func(f *file) bool { return f.allows(content) }) {
				t.Fatalf("%s/%s has %d bytes that no file ever had: %.40q", dir, name, len(content), content)
			}
		}
	}
}

func (f *file) allows(content string) bool {
	if len(content) < len(f.synced) {
		return false
	}
	for i := range len(content) {
		ok := i < len(f.synced) && f.synced[i] == content[i] || i >= len(f.synced) && content[i] == 0 && i < len(f.now)
		for _, w := range f.writes {
			ok = ok || i >= w.off && i < w.off+len(w.data) && w.data[i-w.off] == content[i]
		}
		if !ok {
			return false
		}
	}
	return true
}
