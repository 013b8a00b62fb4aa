package crashfs

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

var _ vfs.FS = (*Disk)(nil)

// change runs one operation with its hook around it.
func (d *Disk) change(op Op, do func() error) error {
	d.ops.Lock()
	defer d.ops.Unlock()
	if err := d.call(Before, op); err != nil {
		return err
	}
	d.mu.Lock()
	err := do()
	d.mu.Unlock()
	if err == nil {
		_ = d.call(After, op)
	}
	return err
}

func (d *Disk) call(at Moment, op Op) error {
	if d.hook == nil {
		return nil
	}
	return d.hook(at, op)
}

// parent finds the directory a path is in, and its last name there. d.mu is held.
func (d *Disk) parent(name string) (*node, string, error) {
	name = strings.Trim(path.Clean(name), "/")
	dir := d.root
	dirs := strings.Split(name, "/")
	for _, part := range dirs[:len(dirs)-1] {
		next := dir.names[part]
		if next == nil || !next.dir {
			return nil, "", &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		dir = next
	}
	return dir, dirs[len(dirs)-1], nil
}

func (d *Disk) find(name string) (*node, error) {
	dir, base, err := d.parent(name)
	if err != nil {
		return nil, err
	}
	if base == "." || base == "" {
		return dir, nil
	}
	if n := dir.names[base]; n != nil {
		return n, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// rename changes a directory, in a way that the next sync of it makes durable.
func (n *node) rename(r rename) {
	r.apply(n.names)
	n.pending = append(n.pending, r)
}

// Create implements vfs.FS.
func (d *Disk) Create(name string, _ vfs.DiskWriteCategory) (vfs.File, error) {
	f := &file{disk: d, path: name, n: &node{modified: time.Now()}, write: true}
	return f, d.change(Op{"create", name}, func() error {
		dir, base, err := d.parent(name)
		if err == nil {
			dir.rename(rename{name: base, node: f.n})
		}
		return err
	})
}

// Link implements vfs.FS.
func (d *Disk) Link(from, to string) error {
	return d.change(Op{"link", to}, func() error {
		n, err := d.find(from)
		if err != nil {
			return err
		}
		dir, base, err := d.parent(to)
		if err != nil {
			return err
		}
		if dir.names[base] != nil {
			return &fs.PathError{Op: "link", Path: to, Err: fs.ErrExist}
		}
		dir.rename(rename{name: base, node: n})
		return nil
	})
}

// Remove implements vfs.FS.
func (d *Disk) Remove(name string) error { return d.remove(name, false) }

// RemoveAll implements vfs.FS.
func (d *Disk) RemoveAll(name string) error {
	if err := d.remove(name, true); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (d *Disk) remove(name string, all bool) error {
	if _, err := d.Stat(name); err != nil {
		return err
	}
	return d.change(Op{"remove", name}, func() error {
		n, err := d.find(name)
		if err != nil {
			return err
		}
		if len(n.names) > 0 && !all {
			return &fs.PathError{Op: "remove", Path: name, Err: syscall.ENOTEMPTY}
		}
		dir, base, err := d.parent(name)
		if err == nil {
			dir.rename(rename{gone: base})
		}
		return err
	})
}

// Rename implements vfs.FS.
func (d *Disk) Rename(from, to string) error {
	return d.change(Op{"rename", to}, func() error { return d.move(from, to) })
}

func (d *Disk) move(from, to string) error {
	n, err := d.find(from)
	if err != nil {
		return err
	}
	old, gone, err := d.parent(from)
	if err != nil {
		return err
	}
	dir, base, err := d.parent(to)
	switch {
	case err != nil:
		return err
	case old == dir:
		dir.rename(rename{gone: gone, name: base, node: n})
	default:
		dir.rename(rename{name: base, node: n})
		old.rename(rename{gone: gone})
	}
	return nil
}

// ReuseForWrite implements vfs.FS.
func (d *Disk) ReuseForWrite(from, to string, _ vfs.DiskWriteCategory) (vfs.File, error) {
	f := &file{disk: d, path: to, write: true}
	return f, d.change(Op{"reuse", to}, func() error {
		err := d.move(from, to)
		if err == nil {
			f.n, err = d.find(to)
		}
		return err
	})
}

// MkdirAll implements vfs.FS.
func (d *Disk) MkdirAll(name string, _ fs.FileMode) error {
	if info, err := d.Stat(name); err == nil && info.IsDir() {
		return nil
	}
	return d.change(Op{"mkdir", name}, func() error {
		dir := d.root
		for _, part := range strings.Split(strings.Trim(path.Clean(name), "/"), "/") {
			if dir.names[part] == nil {
				dir.rename(rename{name: part, node: newDir()})
			}
			if dir = dir.names[part]; !dir.dir {
				return &fs.PathError{Op: "mkdir", Path: name, Err: syscall.ENOTDIR}
			}
		}
		return nil
	})
}

// Lock implements vfs.FS. A lock goes with the process, so a crashed disk has none.
func (d *Disk) Lock(name string) (io.Closer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locks[name] {
		return nil, syscall.EAGAIN
	}
	dir, base, err := d.parent(name)
	if err != nil {
		return nil, err
	}
	if dir.names[base] == nil {
		dir.rename(rename{name: base, node: &node{modified: time.Now()}})
	}
	d.locks[name] = true
	return &lock{d, name}, nil
}

type lock struct {
	d    *Disk
	name string
}

func (l *lock) Close() error {
	l.d.mu.Lock()
	defer l.d.mu.Unlock()
	delete(l.d.locks, l.name)
	return nil
}

func (d *Disk) open(name string, write bool) (vfs.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := d.find(name)
	if err != nil {
		return nil, err
	}
	return &file{disk: d, path: name, n: n, write: write}, nil
}

// Open implements vfs.FS.
func (d *Disk) Open(name string, _ ...vfs.OpenOption) (vfs.File, error) { return d.open(name, false) }

// OpenDir implements vfs.FS.
func (d *Disk) OpenDir(name string) (vfs.File, error) { return d.open(name, false) }

// OpenReadWrite implements vfs.FS.
func (d *Disk) OpenReadWrite(name string, c vfs.DiskWriteCategory, _ ...vfs.OpenOption) (vfs.File, error) {
	f, err := d.open(name, true)
	if errors.Is(err, fs.ErrNotExist) {
		return d.Create(name, c)
	}
	return f, err
}

// List implements vfs.FS.
func (d *Disk) List(name string) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := d.find(name)
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(n.names)), nil
}

// Stat implements vfs.FS.
func (d *Disk) Stat(name string) (vfs.FileInfo, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := d.find(name)
	if err != nil {
		return nil, err
	}
	return n.info(path.Base(name)), nil
}

// PathBase implements vfs.FS.
func (*Disk) PathBase(p string) string { return path.Base(p) }

// PathJoin implements vfs.FS.
func (*Disk) PathJoin(elem ...string) string { return path.Join(elem...) }

// PathDir implements vfs.FS.
func (*Disk) PathDir(p string) string { return path.Dir(p) }

// GetDiskUsage implements vfs.FS.
func (d *Disk) GetDiskUsage(string) (vfs.DiskUsage, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return vfs.DiskUsage{AvailBytes: d.free, TotalBytes: 1 << 41}, nil
}

// Unwrap implements vfs.FS.
func (*Disk) Unwrap() vfs.FS { return nil }
