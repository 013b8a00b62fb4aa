package store

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// pebbleLogger takes what Pebble says.
type pebbleLogger struct{ s *Store }

// Infof is for Pebble's life: replayed logs, started jobs.
func (l pebbleLogger) Infof(format string, args ...any) {
	l.s.log.Debug("pebble", "detail", fmt.Sprintf(format, args...))
}

// Errorf is for what Pebble will try again by itself.
func (l pebbleLogger) Errorf(format string, args ...any) {
	l.s.log.Warn("pebble reports an error", "detail", fmt.Sprintf(format, args...))
}

// Fatalf is called where Pebble cannot go on, and must not return. In Commit the
// panic is caught and becomes an error; in a goroutine of Pebble's own it ends
// the process, as a failed disk must.
func (l pebbleLogger) Fatalf(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	for _, arg := range args {
		if cause, ok := arg.(error); ok {
			err = cause
		}
	}
	panic(fatalPanic{l.s.fail("write to the database", err)})
}

// fatalPanic carries an error that is ErrFatal.
type fatalPanic struct{ err error }

func (f fatalPanic) Error() string { return f.err.Error() }

// fail makes the store refuse everything from now on, and returns the error it
// refuses with: the first one.
func (s *Store) fail(doing string, cause error) error {
	err := fmt.Errorf("%s: %w (%w)", doing, ErrFatal, cause)
	if !s.fatal.CompareAndSwap(nil, &err) {
		return *s.fatal.Load()
	}
	s.log.Error("store failed", "error", err)
	if s.opts.OnFatal != nil {
		s.opts.OnFatal(err)
	}
	return err
}

// listener hears of what goes wrong in the background.
func (s *Store) listener() *pebble.EventListener {
	return &pebble.EventListener{
		// A flush or compaction failed. Pebble writes the files anew when the
		// disk was full; any other failure means that the disk is not to be trusted.
		BackgroundError: func(err error) {
			if vfs.IsNoSpaceError(err) {
				s.log.Error("disk is full", "error", err)
				return
			}
			if !s.closing.Load() {
				_ = s.fail("flush or compact the database", err) // kept: every later call returns it
			}
		},
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			s.log.Error("damaged file in the database", "path", info.Path, "error", info.Details, "action", ErrCorrupt.Error())
		},
		WriteStallBegin: func(info pebble.WriteStallBeginInfo) {
			s.log.Warn("commits wait for the disk to catch up", "reason", info.Reason)
		},
		WriteStallEnd: func() { s.log.Info("commits go on") },
	}
}
