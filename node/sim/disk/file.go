package disk

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// write is what a crash may undo.
type write struct {
	off  int64
	data []byte
	old  []byte // what it overwrote
	size int64  // of the file before
}

func (n *inode) writeAt(b []byte, off int64) {
	size := int64(len(n.data))
	w := write{off: off, data: append([]byte(nil), b...), size: size}
	if off < size {
		w.old = append([]byte(nil), n.data[off:min(size, off+int64(len(b)))]...)
	}
	n.pending = append(n.pending, w)
	n.put(b, off)
}

// put writes without a trace for a crash.
func (n *inode) put(b []byte, off int64) {
	end := off + int64(len(b))
	for int64(len(n.data)) < end {
		n.data = append(n.data, make([]byte, min(end-int64(len(n.data)), 64<<10))...)
	}
	copy(n.data[off:], b)
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
	n := 0
	if off < int64(len(h.node.data)) {
		n = copy(b, h.node.data[off:])
	}
	h.disk.mu.Unlock()
	if w := h.disk.watcher.Load(); w != nil && w.Damage != nil && n > 0 {
		w.Damage(op, b[:n])
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
	if torn := (*Torn)(nil); errors.As(err, &torn) {
		b = b[:min(torn.Bytes, len(b))]
	} else if err != nil {
		return 0, err
	}
	h.disk.mu.Lock()
	h.node.writeAt(b, off)
	h.disk.mu.Unlock()
	if err != nil {
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
	if err := h.disk.before(op); err != nil {
		return err
	}
	h.disk.mu.Lock()
	if h.node.dir != nil {
		h.node.dir.settle()
	} else {
		h.node.pending = nil
	}
	h.disk.mu.Unlock()
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
	return &fileInfo{h.disk.PathBase(h.path), int64(len(h.node.data)), h.node.dir != nil}, nil
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
