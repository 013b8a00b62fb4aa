package wal

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"
)

var (
	// ErrCorrupt: bytes that were durable are damaged. What to do depends on what the log was for; its owner says so.
	ErrCorrupt = errors.New("log is damaged")
	// ErrVersion: the file was written by a newer or another program, or for another purpose. Use the program that wrote it.
	ErrVersion = errors.New("log has an unknown version or purpose")
	// ErrFailed: a write or sync failed earlier and the log cannot be trusted any more. End the process and start again.
	ErrFailed = errors.New("log failed for good, restart the process")
	// ErrNoSpace: the disk is full. Nothing was appended; make room and repeat the call.
	ErrNoSpace = errors.New("no space left for the log")
	// ErrFull: the log has reached Options.MaxSize. Nothing was appended; Truncate or Rotate (see Records), then repeat the call.
	ErrFull = errors.New("log has reached its largest size")
	// ErrTooLarge: a record has more than Options.MaxRecord bytes. Nothing was appended.
	ErrTooLarge = errors.New("record is too large for the log")
	// ErrClosed: the log was closed.
	ErrClosed = errors.New("log is closed")
)

// fail poisons the log: from now on every call returns this error.
func (l *Log) fail(doing string, cause error) error {
	if l.err == nil {
		l.err = fmt.Errorf("%w: %s %s: %w", ErrFailed, doing, l.path, cause)
	}
	return l.err
}

// noSpace is the retryable error if cause is a full disk, else nil.
func noSpace(doing, path string, cause error) error {
	if !vfs.IsNoSpaceError(cause) {
		return nil
	}
	return fmt.Errorf("%w: %s %s: %w", ErrNoSpace, doing, path, cause)
}
