package disk

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Disk is a simulated file system. Make one with [New]; it is safe for concurrent use.
type Disk struct {
	watcher atomic.Pointer[Watcher]
	free    atomic.Uint64

	mu    sync.Mutex
	root  *inode
	locks map[*inode]bool
}

var _ vfs.FS = (*Disk)(nil)

// Size is the room of a disk that nobody filled, in bytes.
const Size = 1 << 40

// New returns an empty disk.
func New() *Disk {
	d := &Disk{root: newDir(), locks: map[*inode]bool{}}
	d.SetFree(Size)
	return d
}

// SetFree sets the bytes that are free, for those who ask. That nothing can be written is for a [Watcher] to see to.
func (d *Disk) SetFree(bytes uint64) { d.free.Store(bytes) }

// Watch has w see all operations from now on; nil: nobody.
func (d *Disk) Watch(w *Watcher) { d.watcher.Store(w) }

func (d *Disk) before(op Op) error {
	if w := d.watcher.Load(); w != nil && w.Before != nil {
		if err := w.Before(op); err != nil {
			return fmt.Errorf("%v %s: %w", op.Kind, op.Path, err)
		}
	}
	return nil
}

func (d *Disk) after(op Op) {
	if w := d.watcher.Load(); w != nil && w.After != nil {
		w.After(op)
	}
}

func clean(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

func failed(op, name string, err error) error { return &os.PathError{Op: op, Path: name, Err: err} }

func missing(name string) error { return failed("open", name, syscall.ENOENT) }

// find gives the inode of a clean name, or nil.
func (d *Disk) find(name string) *inode {
	n := d.root
	for part := range strings.SplitSeq(name, "/") {
		if part == "" {
			continue
		}
		if n == nil || n.dir == nil {
			return nil
		}
		n = n.dir.now[part]
	}
	return n
}

// parent gives the directory of a clean name, and what it is called there.
func (d *Disk) parent(name string) (*directory, string, error) {
	p := d.find(path.Dir("/" + name)[1:])
	if p == nil || p.dir == nil {
		return nil, "", missing(path.Dir(name))
	}
	return p.dir, path.Base(name), nil
}

// step does an operation on names: under the lock, between those who watch.
func (d *Disk) step(op Op, do func(dir *directory, base string) error) error {
	if err := d.before(op); err != nil {
		return err
	}
	d.mu.Lock()
	dir, base, err := d.parent(op.Path)
	if err == nil {
		err = do(dir, base)
	}
	d.mu.Unlock()
	if err == nil {
		d.after(op)
	}
	return err
}

// Create implements [vfs.FS].
func (d *Disk) Create(name string, _ vfs.DiskWriteCategory) (vfs.File, error) {
	name = clean(name)
	n := &inode{}
	err := d.step(Op{Create, name, 0}, func(dir *directory, base string) error {
		dir.change(change{{base, n}})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &handle{disk: d, path: name, node: n}, nil
}

// Link implements [vfs.FS].
func (d *Disk) Link(from, to string) error {
	from, to = clean(from), clean(to)
	return d.step(Op{Link, to, 0}, func(dir *directory, base string) error {
		n := d.find(from)
		switch {
		case n == nil:
			return missing(from)
		case dir.now[base] != nil:
			return failed("link", to, syscall.EEXIST)
		}
		dir.change(change{{base, n}})
		return nil
	})
}

// Open implements [vfs.FS].
func (d *Disk) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	name = clean(name)
	d.mu.Lock()
	n := d.find(name)
	d.mu.Unlock()
	if n == nil {
		return nil, missing(name)
	}
	h := &handle{disk: d, path: name, node: n}
	for _, o := range opts {
		o.Apply(h)
	}
	return h, nil
}

// OpenReadWrite implements [vfs.FS].
func (d *Disk) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	if f, err := d.Open(name, opts...); err == nil {
		return f, nil
	}
	return d.Create(name, c)
}

// OpenDir implements [vfs.FS].
func (d *Disk) OpenDir(name string) (vfs.File, error) { return d.Open(name) }

// Remove implements [vfs.FS].
func (d *Disk) Remove(name string) error {
	name = clean(name)
	return d.step(Op{Remove, name, 0}, func(dir *directory, base string) error {
		n := dir.now[base]
		switch {
		case n == nil:
			return missing(name)
		case n.dir != nil && len(n.dir.now) > 0:
			return failed("remove", name, syscall.ENOTEMPTY)
		}
		dir.change(change{{base, nil}})
		return nil
	})
}

// RemoveAll implements [vfs.FS]. A crash within it leaves all or nothing; in between it has no promise to keep.
func (d *Disk) RemoveAll(name string) error {
	name = clean(name)
	return d.step(Op{Remove, name, 0}, func(dir *directory, base string) error {
		dir.change(change{{base, nil}})
		return nil
	})
}

// Rename implements [vfs.FS], within one directory.
func (d *Disk) Rename(from, to string) error {
	from, to = clean(from), clean(to)
	return d.step(Op{Rename, to, 0}, func(dir *directory, base string) error {
		old := path.Base(from)
		switch n := dir.now[old]; {
		case path.Dir(from) != path.Dir(to):
			return failed("rename", to, syscall.EXDEV)
		case n == nil:
			return missing(from)
		default:
			dir.change(change{{old, nil}, {base, n}})
		}
		return nil
	})
}

// ReuseForWrite implements [vfs.FS]: the old content stays until it is overwritten.
func (d *Disk) ReuseForWrite(from, to string, _ vfs.DiskWriteCategory) (vfs.File, error) {
	if err := d.Rename(from, to); err != nil {
		return nil, err
	}
	return d.Open(to)
}

// MkdirAll implements [vfs.FS].
func (d *Disk) MkdirAll(name string, _ os.FileMode) error {
	name = clean(name)
	for i := range len(name) + 1 {
		if i < len(name) && name[i] != '/' {
			continue
		}
		part := name[:i]
		d.mu.Lock()
		there := d.find(part) != nil
		d.mu.Unlock()
		if there {
			continue
		}
		n := newDir()
		err := d.step(Op{MakeDir, part, 0}, func(dir *directory, base string) error {
			dir.change(change{{base, n}})
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Lock implements [vfs.FS].
func (d *Disk) Lock(name string) (io.Closer, error) {
	name = clean(name)
	f, err := d.OpenReadWrite(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, err
	}
	n := f.(*handle).node
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locks[n] {
		return nil, fmt.Errorf("lock %s: %w", name, syscall.EAGAIN)
	}
	d.locks[n] = true
	return &lock{disk: d, node: n}, nil
}

type lock struct {
	disk *Disk
	node *inode
}

func (l *lock) Close() error {
	l.disk.mu.Lock()
	defer l.disk.mu.Unlock()
	delete(l.disk.locks, l.node)
	return nil
}

// List implements [vfs.FS].
func (d *Disk) List(name string) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.find(clean(name))
	if n == nil || n.dir == nil {
		return nil, missing(name)
	}
	return slices.Sorted(maps.Keys(n.dir.now)), nil
}

// Stat implements [vfs.FS].
func (d *Disk) Stat(name string) (vfs.FileInfo, error) {
	f, err := d.Open(name)
	if err != nil {
		return nil, err
	}
	return f.Stat()
}

// PathBase implements [vfs.FS].
func (d *Disk) PathBase(p string) string { return path.Base(p) }

// PathJoin implements [vfs.FS].
func (d *Disk) PathJoin(parts ...string) string { return path.Join(parts...) }

// PathDir implements [vfs.FS].
func (d *Disk) PathDir(p string) string { return path.Dir(p) }

// GetDiskUsage implements [vfs.FS] with what [Disk.SetFree] said.
func (d *Disk) GetDiskUsage(string) (vfs.DiskUsage, error) {
	free := min(Size, d.free.Load())
	return vfs.DiskUsage{AvailBytes: free, TotalBytes: Size, UsedBytes: Size - free}, nil
}

// Unwrap implements [vfs.FS]: there is nothing below.
func (d *Disk) Unwrap() vfs.FS { return nil }
