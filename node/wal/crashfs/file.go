package crashfs

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// file is an open file or directory of a Disk.
type file struct {
	disk  *Disk
	path  string
	n     *node
	at    int // of Read and Write
	write bool
}

var errNotForWriting = errors.New("crashfs: the file was not opened for writing")

// Write implements vfs.File.
func (f *file) Write(p []byte) (int, error) {
	n, err := f.WriteAt(p, int64(f.at))
	f.at += n
	return n, err
}

// WriteAt implements vfs.File.
func (f *file) WriteAt(p []byte, offset int64) (int, error) {
	if !f.write {
		return 0, errNotForWriting
	}
	d := f.disk
	op := Op{"write", f.path}
	d.ops.Lock()
	defer d.ops.Unlock()
	if err := d.call(Before, op); err != nil {
		return 0, err
	}
	for _, done := range tears(p, int(offset)) {
		f.tear(op, done)
	}
	d.mu.Lock()
	f.n.own(len(p))
	f.n.data = put(f.n.data, int(offset), p)
	f.n.modified = time.Now()
	d.mu.Unlock()
	_ = d.call(After, op)
	return len(p), nil
}

// tear shows the hook the file with a part of a write in it.
func (f *file) tear(op Op, done []piece) {
	d := f.disk
	if d.hook == nil {
		return
	}
	d.mu.Lock()
	whole, shared := f.n.data, f.n.shared
	f.n.data = slices.Clone(whole)
	for _, p := range done {
		f.n.data = put(f.n.data, p.at, p.data)
	}
	d.torn = &tear{f.n, done}
	d.mu.Unlock()
	_ = d.call(Torn, op)
	d.mu.Lock()
	f.n.data, f.n.shared, d.torn = whole, shared, nil
	d.mu.Unlock()
}

// tears are the ways in which a write may be half done: the first half of its sectors, and every other one.
func tears(p []byte, at int) [][]piece {
	var sectors []piece
	for i := 0; i < len(p); {
		n := min(sector-(at+i)%sector, len(p)-i)
		sectors = append(sectors, piece{at + i, p[i : i+n]})
		i += n
	}
	if len(sectors) < 2 {
		return nil
	}
	var other []piece
	for i := 1; i < len(sectors); i += 2 {
		other = append(other, sectors[i])
	}
	return [][]piece{sectors[:(len(sectors)+1)/2], other}
}

// own makes data safe to be changed.
func (n *node) own(more int) {
	if n.shared {
		n.data = append(make([]byte, 0, len(n.data)+more), n.data...)
		n.shared = false
	}
}

// Sync implements vfs.File.
func (f *file) Sync() error {
	kind := "sync"
	if f.n.dir {
		kind = "dir sync"
	}
	return f.disk.change(Op{kind, f.path}, func() error {
		if f.n.dir {
			f.n.syncedNames, f.n.pending = maps.Clone(f.n.names), nil
		} else {
			f.n.synced, f.n.shared = f.n.data, true
		}
		return nil
	})
}

// SyncData implements vfs.File.
func (f *file) SyncData() error { return f.Sync() }

// SyncTo implements vfs.File. It promises nothing and does nothing.
func (f *file) SyncTo(int64) (fullSync bool, err error) { return false, nil }

// Preallocate implements vfs.File.
func (f *file) Preallocate(int64, int64) error {
	return f.disk.change(Op{"preallocate", f.path}, func() error { return nil })
}

// Read implements vfs.File.
func (f *file) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, int64(f.at))
	if f.at += n; n > 0 {
		err = nil
	}
	return n, err
}

// ReadAt implements vfs.File.
func (f *file) ReadAt(p []byte, offset int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.n.dir {
		return 0, errors.New("crashfs: a directory cannot be read")
	}
	if offset >= int64(len(f.n.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.n.data[offset:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Stat implements vfs.File.
func (f *file) Stat() (vfs.FileInfo, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return f.n.info(f.path), nil
}

// Prefetch implements vfs.File.
func (f *file) Prefetch(int64, int64) error { return nil }

// Fd implements vfs.File.
func (f *file) Fd() uintptr { return vfs.InvalidFd }

// Close implements vfs.File.
func (f *file) Close() error { return nil }

type info struct {
	name     string
	size     int64
	modified time.Time
	dir      bool
}

func (n *node) info(name string) vfs.FileInfo {
	return &info{name, int64(len(n.data)), n.modified, n.dir}
}

func (i *info) Name() string           { return i.name }
func (i *info) Size() int64            { return i.size }
func (i *info) ModTime() time.Time     { return i.modified }
func (i *info) IsDir() bool            { return i.dir }
func (i *info) Sys() any               { return nil }
func (i *info) DeviceID() vfs.DeviceID { return vfs.DeviceID{} }
func (i *info) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}
