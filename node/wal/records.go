package wal

import (
	"fmt"
	"io"
)

// Records reads back what opening the log now would recover, synced or not: an owner whose log is full keeps of them what
// it still needs, with Rotate. It takes as much memory as the log has bytes. Its errors leave the log as it was.
func (l *Log) Records() ([]Record, error) {
	if l.err != nil {
		return nil, l.err
	}
	data := make([]byte, l.end)
	if _, err := io.ReadFull(io.NewSectionReader(l.file, 0, l.end), data); err != nil {
		return nil, fmt.Errorf("read log %s: %w", l.path, err)
	}
	recs, end, _, err := scan(data, &l.o)
	if err == nil && end != l.end {
		err = fmt.Errorf("%w: the record at offset %d is not what was written", ErrCorrupt, end)
	}
	if err != nil {
		return nil, fmt.Errorf("read log %s: %w", l.path, err)
	}
	return recs, nil
}
