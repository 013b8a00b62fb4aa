package store

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// sortedFileBytes is where a sorted file ends and the next begins, and sortedSyncBytes how much of one the disk has to write at
// once: without that the end of a file would have everybody wait for all of it.
const (
	sortedFileBytes = 64 << 20
	sortedSyncBytes = 512 << 10
)

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
		f = vfs.NewSyncingFile(f, vfs.SyncingFileOptions{BytesPerSync: sortedSyncBytes})
		s.w, s.size = sstable.NewWriter(objstorageprovider.NewFileWritable(f), s.opts), 0
	}
	if err := s.w.Set(key, value); err != nil {
		return err
	}
	if s.size += len(key) + len(value); s.size >= sortedFileBytes {
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
