package wal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// consensusLabel and consensusFile are consensus's log.
const (
	consensusLabel = "posnet/consensus/v1"
	consensusFile  = "consensus.wal"
)

// Open opens consensus's log in dir, making both if there are none, and returns the records it recovered. What they say
// is durable: they may be acted on at once.
//
// A crash while Open makes the log leaves none, or an empty one.
func Open(fsys vfs.FS, dir string) (*Log, []Record, error) {
	if err := fsys.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("make directory for the consensus log: %w", err)
	}
	if err := syncDir(fsys, fsys.PathDir(dir)); err != nil {
		return nil, nil, fmt.Errorf("sync parent directory of the consensus log: %w", err)
	}
	path, o := fsys.PathJoin(dir, consensusFile), Options{Label: consensusLabel}
	log, recs, err := OpenFile(fsys, path, o)
	if errors.Is(err, fs.ErrNotExist) {
		if err := Create(fsys, path, o); err != nil {
			return nil, nil, err
		}
		log, recs, err = OpenFile(fsys, path, o)
	}
	if errors.Is(err, ErrCorrupt) {
		return nil, nil, fmt.Errorf("%w; it may hold the lock that keeps this validator from voting against itself: move the file away, "+
			"and the validator follows the others and votes again once the height it was at is decided", err)
	}
	return log, recs, err
}

// Create makes a new log at path with the records given, durably, and closes it. A log that is there is replaced.
//
// A crash in Create leaves what was there, or the new log; after it returned nil, the new log.
func Create(fsys vfs.FS, path string, o Options, recs ...Record) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	l := &Log{fs: fsys, path: path, o: o}
	if err := l.Rotate(recs...); err != nil {
		return fmt.Errorf("create log: %w", err)
	}
	return l.Close()
}

// OpenFile opens the log at path and returns the records it recovered. What they say is durable: they may be acted on at
// once. A missing file is an error that wraps fs.ErrNotExist; else ErrCorrupt, ErrVersion, or what the file system said.
//
// A crash in OpenFile leaves the same records for the next one.
func OpenFile(fsys vfs.FS, path string, o Options) (*Log, []Record, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, nil, err
	}
	l := &Log{fs: fsys, path: path, o: o}
	recs, err := l.load()
	if err != nil {
		if l.file != nil {
			_ = l.file.Close()
		}
		return nil, nil, fmt.Errorf("open log %s: %w", path, err)
	}
	return l, recs, nil
}

func (l *Log) load() ([]Record, error) {
	// Stat first: OpenReadWrite would create the file.
	info, err := l.fs.Stat(l.path)
	if err != nil {
		return nil, err
	}
	if info.Size() > l.o.MaxSize {
		return nil, fmt.Errorf("%w: it has %d bytes, at most %d are ever written", ErrCorrupt, info.Size(), l.o.MaxSize)
	}
	if l.file, err = l.fs.OpenReadWrite(l.path, vfs.WriteCategoryUnspecified); err != nil {
		return nil, err
	}
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(io.NewSectionReader(l.file, 0, info.Size()), data); err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	recs, end, found, err := scan(data, &l.o)
	if err != nil {
		return nil, err
	}
	// A torn tail goes before anything is appended: a whole frame in it would come back to life behind a shorter new one.
	if found.TornBytes > 0 {
		if _, err := l.file.WriteAt(make([]byte, found.TornBytes), end); err != nil {
			return nil, fmt.Errorf("clear torn tail: %w", err)
		}
	}
	// A process that died without its machine leaves records, and even the file's name, in memory only. Those were read
	// above and will be acted on, so they become durable now. If it died of a failed fsync, the kernel takes what it could
	// not write for written: only what is written again comes to the disk with the next one.
	if _, err := l.file.WriteAt(data[:end], 0); err != nil {
		return nil, fmt.Errorf("write what was recovered: %w", err)
	}
	if err := l.file.Sync(); err != nil {
		return nil, fmt.Errorf("sync what was recovered: %w", err)
	}
	if err := syncDir(l.fs, l.fs.PathDir(l.path)); err != nil {
		return nil, fmt.Errorf("sync directory: %w", err)
	}
	if err := removeIfThere(l.fs, l.path+".new"); err != nil {
		return nil, err
	}
	l.found = found
	l.end, l.durable, l.allocated = end, end, int64(len(data))
	return recs, nil
}
