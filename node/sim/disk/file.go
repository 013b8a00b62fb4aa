package disk

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// write is what a crash may undo.
type write struct {
	off  int64
	data []byte
	old  []byte // what it overwrote
	size int64  // of the file before
	gone bool   // taken for clean by a sync that failed: it never comes to the disk
}

func (n *inode) writeAt(b []byte, off int64) {
	w := write{off: off, data: bytes.Clone(b), size: n.data.size}
	if off < w.size {
		w.old = make([]byte, min(w.size-off, int64(len(b))))
		n.data.readAt(w.old, off)
	}
	n.pending = append(n.pending, w)
	n.data.writeAt(b, off)
}

// undone is the data without what was not synced.
func (n *inode) undone() content {
	if n.durable != nil {
		return n.durable.clone()
	}
	data := n.data.clone()
	for _, w := range slices.Backward(n.pending) {
		data.writeAt(w.old, w.off)
		data.cut(w.size)
	}
	return data
}

// settle makes durable what was written, but for what is gone.
func (n *inode) settle() {
	if n.durable != nil {
		durable := n.left(func(int) Fate { return Fate{Kept: true} }, nil)
		n.durable = &durable
		if n.pending = slices.DeleteFunc(n.pending, func(w write) bool { return !w.gone }); !durable.equal(&n.data) {
			return
		}
	}
	n.pending, n.durable = nil, nil
}

// forget has a sync fail for good.
func (n *inode) forget() {
	durable := n.undone()
	n.durable = &durable
	for i := range n.pending {
		n.pending[i].gone = true
	}
}

// handle is an open file or directory.
type handle struct {
	disk *Disk
	path string
	node *inode
	pos  int64
}

var _ vfs.File = (*handle)(nil)

func (h *handle) Close() error { return nil }

func (h *handle) Read(b []byte) (int, error) {
	n, err := h.ReadAt(b, h.pos)
	h.pos += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

func (h *handle) ReadAt(b []byte, off int64) (int, error) {
	op := Op{Read, h.path, len(b)}
	if err := h.disk.before(op); err != nil {
		return 0, err
	}
	h.disk.mu.Lock()
	n := h.node.data.readAt(b, off)
	h.disk.mu.Unlock()
	if w := h.disk.watcher.Load(); w != nil && w.Damage != nil && n > 0 {
		n = min(n, w.Damage(op, b[:n]))
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (h *handle) Write(b []byte) (int, error) {
	n, err := h.WriteAt(b, h.pos)
	h.pos += int64(n)
	return n, err
}

func (h *handle) WriteAt(b []byte, off int64) (int, error) {
	op := Op{Write, h.path, len(b)}
	err := h.disk.before(op)
	torn := (*Torn)(nil)
	if errors.As(err, &torn) {
		b = b[:whole(off, torn.Bytes, len(b))]
	} else if err != nil {
		return 0, err
	}
	h.disk.mu.Lock()
	h.node.writeAt(b, off)
	h.disk.mu.Unlock()
	if err != nil {
		if torn.Then != nil {
			torn.Then()
		}
		return len(b), err
	}
	h.disk.after(op)
	return len(b), nil
}

func (h *handle) Sync() error {
	op := Op{Sync, h.path, 0}
	if h.node.dir != nil {
		op.Kind = SyncDir
	}
	err := h.disk.before(op)
	forgotten := (*Forgotten)(nil)
	h.disk.mu.Lock()
	switch {
	case errors.As(err, &forgotten) && h.node.dir == nil:
		h.node.forget()
	case err != nil:
	case h.node.dir != nil:
		h.node.dir.settle()
	default:
		h.node.settle()
	}
	h.disk.mu.Unlock()
	if err != nil {
		return err
	}
	h.disk.after(op)
	return nil
}

func (h *handle) SyncData() error                { return h.Sync() }
func (h *handle) SyncTo(int64) (bool, error)     { return true, h.Sync() }
func (h *handle) Preallocate(int64, int64) error { return nil }
func (h *handle) Prefetch(int64, int64) error    { return nil }
func (h *handle) Fd() uintptr                    { return vfs.InvalidFd }

// Stat implements [vfs.File].
func (h *handle) Stat() (vfs.FileInfo, error) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	return &fileInfo{h.disk.PathBase(h.path), h.node.data.size, h.node.dir != nil}, nil
}

// fileInfo describes a file. Simulated files have no times.
type fileInfo struct {
	name string
	size int64
	dir  bool
}

func (i *fileInfo) Name() string           { return i.name }
func (i *fileInfo) Size() int64            { return i.size }
func (i *fileInfo) ModTime() time.Time     { return time.Time{} }
func (i *fileInfo) IsDir() bool            { return i.dir }
func (i *fileInfo) Sys() any               { return nil }
func (i *fileInfo) DeviceID() vfs.DeviceID { return vfs.DeviceID{} }
func (i *fileInfo) Mode() os.FileMode {
	if i.dir {
		return os.ModeDir | 0o755
	}
	return 0o644
}
