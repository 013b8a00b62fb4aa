package wal

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Truncate forgets every record and keeps only those given, all or nothing. It is cheap: mostly one record that says so,
// and a Rotate when three quarters of a chunk are used. Consensus calls it when a height is decided.
//
// A crash before the next Sync returns leaves either the records from before or exactly those kept, never a mixture;
// after it, those kept. Errors are those of Append and Rotate, with the same meaning.
func (l *Log) Truncate(keep ...Record) error {
	if l.err != nil {
		return l.err
	}
	nested := encodeNested(keep)
	for _, r := range keep {
		if r.Type == typeTruncate {
			return errors.New("wal: record type 0 is the log's own")
		}
	}
	if l.o.Slot != 0 || len(nested) > l.o.MaxRecord || l.end+l.o.frameSize(len(nested)) > l.o.Chunk*3/4 {
		return l.Rotate(keep...)
	}
	return l.append(Record{Type: typeTruncate, Data: nested})
}

// Rotate replaces the file by a new one that holds only the records given, durably.
//
// A crash before the rename leaves the old file, and perhaps a new one under another name that the next open removes. A
// crash between the rename and the sync of the directory leaves one of the two. After Rotate returned nil it is the new
// one. After ErrNoSpace, ErrFull and ErrTooLarge the old one is in use as before; any other error poisons the log.
func (l *Log) Rotate(keep ...Record) error {
	if l.err != nil {
		return l.err
	}
	next, err := l.writeNew(keep)
	if err != nil {
		return err
	}
	old := l.file
	l.file = next.file
	l.end, l.allocated, l.durable = next.end, next.allocated, next.end
	if old != nil {
		_ = old.Close() // nothing in it matters any more
	}
	return nil
}

type written struct {
	file           vfs.File
	end, allocated int64
}

// writeNew makes path a new log with recs.
func (l *Log) writeNew(recs []Record) (w written, err error) {
	for _, r := range recs {
		if r.Type == typeTruncate {
			return w, errors.New("wal: record type 0 is the log's own")
		}
	}
	// Nobody sees the file before it is synced as a whole, so each of its records may call all of them durable.
	_, end, err := l.frames(nil, headerSize, 0, recs)
	if err != nil {
		return w, err
	}
	buf, _, err := l.frames(encodeHeader(&l.o), headerSize, end, recs)
	if err != nil {
		return w, err
	}
	size := min((end+l.o.Chunk-1)/l.o.Chunk*l.o.Chunk, l.o.MaxSize)
	buf = append(buf, make([]byte, size-end)...)

	temporary := l.path + ".new"
	f, err := l.fs.Create(temporary, vfs.WriteCategoryUnspecified)
	if err != nil {
		if full := noSpace("create", temporary, err); full != nil {
			return w, full
		}
		return w, l.fail("create the successor of", err)
	}
	if err = reserve(f, 0, size); err == nil {
		_, err = f.Write(buf)
	}
	if err != nil {
		_ = f.Close()
		if full := noSpace("write", temporary, err); full != nil {
			if err := l.fs.Remove(temporary); err != nil {
				return w, l.fail("remove the unfinished successor of", err)
			}
			return w, full
		}
		return w, l.fail("write the successor of", err)
	}
	if err := f.Sync(); err != nil {
		return w, l.fail("sync the successor of", errors.Join(err, f.Close()))
	}
	if err := l.fs.Rename(temporary, l.path); err != nil {
		return w, l.fail("rename the successor to", errors.Join(err, f.Close()))
	}
	if err := syncDir(l.fs, l.fs.PathDir(l.path)); err != nil {
		return w, l.fail("sync the directory of", errors.Join(err, f.Close()))
	}
	return written{file: f, end: end, allocated: size}, nil
}

// syncDir makes the names in dir durable.
func syncDir(fsys vfs.FS, dir string) error {
	d, err := fsys.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// removeIfThere removes a file that may be missing.
func removeIfThere(fsys vfs.FS, path string) error {
	if err := fsys.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", path, err)
	}
	return nil
}
