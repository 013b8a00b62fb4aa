package store

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/ledger/tree"
)

// importFileBytes is where a sorted file ends and the next begins.
const importFileBytes = 64 << 20

// sorted writes ascending keys into sorted files that the database takes in as they are. A file is durable when it is done.
type sorted struct {
	fs   vfs.FS
	name string // of the files, before their numbers
	opts sstable.WriterOptions
	done func(file string)

	key   []byte // scratch
	value []byte // scratch
	w     *sstable.Writer
	file  string
	count int // of files
	size  int // of the file so far, about
}

func (s *sorted) set(key, value []byte) error {
	if s.w == nil {
		s.file = fmt.Sprintf("%s-%04d.sst", s.name, s.count)
		s.count++
		f, err := s.fs.Create(s.file, vfs.WriteCategoryUnspecified)
		if err != nil {
			return err
		}
		s.w, s.size = sstable.NewWriter(objstorageprovider.NewFileWritable(f), s.opts), 0
	}
	if err := s.w.Set(key, value); err != nil {
		return err
	}
	if s.size += len(key) + len(value); s.size >= importFileBytes {
		return s.close()
	}
	return nil
}

func (s *sorted) close() error {
	if s.w == nil {
		return nil
	}
	err := s.w.Close()
	s.w = nil
	if err == nil {
		s.done(s.file)
	}
	return err
}

// abort closes what is open, whatever is in it.
func (s *sorted) abort() {
	if s.w != nil {
		_ = s.w.Close()
		s.w = nil
	}
}

// levels writes the nodes of one version: those of a depth come in the order of their keys, so each depth has files of its
// own. A tree of SHA-256 keys is about as deep as its leaves have hexadecimal digits, and four more.
type levels struct {
	i     *Import
	depth map[uint8]*sorted
}

func newLevels(i *Import) *levels { return &levels{i, map[uint8]*sorted{}} }

func (l *levels) put(n *tree.Node) error {
	key := n.Key()
	s := l.depth[key.Depth]
	if s == nil {
		s = l.i.sorted(fmt.Sprintf("tree-%02d", key.Depth))
		l.depth[key.Depth] = s
	}
	s.key = appendTreeKey(s.key[:0], key)
	s.value = n.AppendTo(s.value[:0])
	return s.set(s.key, s.value)
}

func (l *levels) close() error {
	var errs []error
	for depth := range uint8(64) {
		if s := l.depth[depth]; s != nil {
			errs = append(errs, s.close())
		}
	}
	return errors.Join(errs...)
}
