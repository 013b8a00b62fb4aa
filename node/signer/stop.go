package signer

import (
	"encoding/binary"
	"fmt"

	"github.com/posnet/posnet/node/wal"
)

// Stop is why a validator must not sign any more, until a human has looked: somebody else signs with its key.
type Stop struct {
	Reason string // CamelCase, as the status shows it; at most MaxReason bytes
	Seen   Slot   // of the message that this signer has not signed; the first that was seen
}

// MaxReason bounds Stop.Reason, in bytes.
const MaxReason = 64

// StoppedError says why nothing is signed. It is ErrStopped to errors.Is.
type StoppedError struct{ Stop }

// Error implements error.
func (e *StoppedError) Error() string {
	return fmt.Sprintf("%v: %s, a %v bears a signature of this key that is not in this sign-state; when no other process uses the key any more, "+
		"and this node has followed the chain past that height: stop it and run 'posnet keys resume'", ErrStopped, e.Reason, e.Seen)
}

// Is makes errors.Is(err, ErrStopped) true.
func (e *StoppedError) Is(target error) bool { return target == ErrStopped }

// Stop makes Sign refuse everything from now on, in this process and in every later one, until [Signer.Resume]. Stopping
// again changes nothing: the first reason stays.
//
// A crash in Stop leaves the signer stopped or not; after it returned nil every later process is stopped. After ErrNoSpace
// this process is stopped and the record is missing: call Stop again when there is room.
//
// Errors: ErrBadRequest, ErrNoSpace, ErrFailed, ErrClosed.
func (s *Signer) Stop(reason string, seen Slot) error {
	if err := seen.check(); err != nil {
		return err
	}
	if len(reason) == 0 || len(reason) > MaxReason {
		return fmt.Errorf("%w: a reason of %d bytes to stop, must be 1 to %d", ErrBadRequest, len(reason), MaxReason)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lock == nil {
		return fmt.Errorf("stop signing: %w", ErrClosed)
	}
	if s.state.stop == nil {
		s.state.stop, s.unsaved = &Stop{Reason: reason, Seen: seen}, true
	}
	if !s.unsaved {
		return nil
	}
	if err := s.write(stopRecord(s.state.stop)); err != nil {
		return fmt.Errorf("stop signing: %w", err)
	}
	s.unsaved = false
	return nil
}

// Stopped returns why nothing is signed, if so.
func (s *Signer) Stopped() (Stop, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.stop == nil {
		return Stop{}, false
	}
	return *s.state.stop, true
}

// Resume lifts a stop. It is for a human who knows that no other process uses the key, never for a program to decide. What
// was signed stays as it is: nothing is forgotten, and nothing is taken over of what the other process signed.
//
// A crash in Resume leaves the signer stopped or not; after it returned nil it is not. Resuming what is not stopped does
// nothing. Errors: ErrNoSpace, ErrFailed, ErrClosed; the signer then is stopped as before.
func (s *Signer) Resume() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lock == nil {
		return fmt.Errorf("resume signing: %w", ErrClosed)
	}
	if s.state.stop == nil {
		return nil
	}
	if err := s.write(wal.Record{Type: recordResume}); err != nil {
		return fmt.Errorf("resume signing: %w", err)
	}
	s.state.stop, s.unsaved = nil, false
	return nil
}

// stopRecord: kind (1 byte), height (8), round (8), then the reason.
func stopRecord(s *Stop) wal.Record {
	b := make([]byte, 0, stopHeader+len(s.Reason))
	b = append(b, byte(s.Seen.Kind))
	b = binary.BigEndian.AppendUint64(b, s.Seen.Height)
	b = binary.BigEndian.AppendUint64(b, s.Seen.Round)
	return wal.Record{Type: recordStop, Data: append(b, s.Reason...)}
}

func parseStop(b []byte) (*Stop, error) {
	if len(b) <= stopHeader || len(b) > stopHeader+MaxReason {
		return nil, fmt.Errorf("%w: a stop record of %d bytes", ErrCorrupt, len(b))
	}
	s := &Stop{
		Reason: string(b[stopHeader:]),
		Seen:   Slot{Kind: Kind(b[0]), Height: binary.BigEndian.Uint64(b[1:]), Round: binary.BigEndian.Uint64(b[9:])},
	}
	if s.Seen.check() != nil {
		return nil, fmt.Errorf("%w: a stop record for %v", ErrCorrupt, s.Seen)
	}
	return s, nil
}
