package wal

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Log is an open log. It is for one goroutine at a time, and for one process: whoever opens it holds a lock over the
// directory (the node's data lock, the signer's lock).
type Log struct {
	fs    vfs.FS
	path  string
	o     Options
	file  vfs.File
	found Recovery

	end       int64 // where the next frame goes
	allocated int64 // zeros are durable up to here
	durable   int64 // records are durable up to here
	buf       []byte
	err       error // poisoned, or closed
}

// Recovered says what opening found.
func (l *Log) Recovered() Recovery { return l.found }

// Size is the bytes in use, header and records.
func (l *Log) Size() int64 { return l.end }

// Room is how many more bytes of frames fit before the file has to grow.
func (l *Log) Room() int64 { return l.allocated - l.end }

// Append adds records in order, without waiting for the disk.
//
// A crash of the process during Append leaves none, some of the first or all of the records; a crash of the machine
// before the next Sync returns does too, and recovery drops what is not whole. After ErrTooLarge, ErrFull and ErrNoSpace
// none was added and the log is as before; after ErrFailed it is poisoned.
func (l *Log) Append(recs ...Record) error {
	for _, r := range recs {
		if r.Type == typeTruncate {
			return errors.New("wal: record type 0 is the log's own")
		}
	}
	return l.append(recs...)
}

func (l *Log) append(recs ...Record) error {
	if l.err != nil {
		return l.err
	}
	buf, at, err := l.frames(l.buf[:0], l.end, l.durable, recs)
	if err != nil {
		return err
	}
	if l.buf = buf[:0]; cap(buf) > 1<<20 {
		l.buf = nil // do not hold on to the largest batch there ever was
	}
	if at > l.allocated {
		if err := l.grow(at); err != nil {
			return err
		}
	}
	n, err := l.file.WriteAt(buf, l.end)
	if err != nil {
		// With nothing written the place is still zero, and a full disk (a copy-on-write file system needs room even to
		// overwrite) is no reason to give up. With something written it would not be.
		if full := noSpace("append to", l.path, err); full != nil && n == 0 {
			return full
		}
		return l.fail("append to", err)
	}
	l.end = at
	return nil
}

// frames encodes recs for offset at and returns the buffer and the offset behind them.
func (l *Log) frames(buf []byte, at, durable int64, recs []Record) ([]byte, int64, error) {
	total := int64(0)
	for _, r := range recs {
		if len(r.Data) > l.o.MaxRecord {
			return nil, 0, fmt.Errorf("%w: type %d, %d bytes, at most %d", ErrTooLarge, r.Type, len(r.Data), l.o.MaxRecord)
		}
		total += l.o.frameSize(len(r.Data))
	}
	if at+total > l.o.MaxSize {
		return nil, 0, fmt.Errorf("%w: %d bytes in use, %d more asked, at most %d: %s", ErrFull, at, total, l.o.MaxSize, l.path)
	}
	for _, r := range recs {
		buf = appendFrame(buf, &l.o, r.Type, r.Data, at, durable)
		at += l.o.frameSize(len(r.Data))
	}
	return buf, at, nil
}

// Sync makes every appended record durable. Its first failure is final.
//
// A crash before or in Sync leaves what a crash in Append leaves; after it returned nil every record is recovered.
func (l *Log) Sync() error {
	if l.err != nil {
		return l.err
	}
	if l.durable == l.end {
		return nil
	}
	if err := l.file.SyncData(); err != nil {
		return l.fail("sync", err)
	}
	l.durable = l.end
	return nil
}

// grow makes zeros durable up to at least the offset need.
//
// A crash in grow leaves a file with more or fewer zeros at its end, which recovery takes as they are.
func (l *Log) grow(need int64) error {
	size := min((need+l.o.Chunk-1)/l.o.Chunk*l.o.Chunk, l.o.MaxSize)
	if err := reserve(l.file, l.allocated, size-l.allocated); err != nil {
		return noSpace("grow", l.path, err)
	}
	zeros := make([]byte, min(l.o.Chunk, size-l.allocated))
	for at := l.allocated; at < size; at += int64(len(zeros)) {
		if _, err := l.file.WriteAt(zeros[:min(int64(len(zeros)), size-at)], at); err != nil {
			if full := noSpace("grow", l.path, err); full != nil {
				return full // zeros behind the end harm nobody
			}
			return l.fail("grow", err)
		}
	}
	if err := l.file.Sync(); err != nil {
		return l.fail("sync growth of", err)
	}
	l.allocated, l.durable = size, l.end
	return nil
}

// reserve asks the file system for blocks. Only a full disk counts: file systems that cannot reserve still take the zeros
// that follow.
func reserve(f vfs.File, at, n int64) error {
	if err := f.Preallocate(at, n); err != nil && vfs.IsNoSpaceError(err) {
		return err
	}
	return nil
}

// Close syncs and closes. It returns the poison if there is one.
func (l *Log) Close() error {
	if errors.Is(l.err, ErrClosed) {
		return nil
	}
	err := l.Sync()
	if l.file != nil {
		err = errors.Join(err, l.file.Close())
	}
	l.file, l.err = nil, fmt.Errorf("%w: %s", ErrClosed, l.path)
	return err
}
