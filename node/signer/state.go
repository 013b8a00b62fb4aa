package signer

import (
	"encoding/binary"
	"fmt"

	"github.com/posnet/posnet/node/wal"
)

// The records of a sign-state. Numbers are big-endian.
const (
	// recordIdentity is first in the file: consensus public key, VRF public key.
	recordIdentity byte = 1
	identitySize   int  = 64
	// recordSigned: kind (1 byte), height (8), round (8), SHA-256 of the message (32), signature (64).
	recordSigned byte = 2
	signedSize   int  = 113
	// recordStop: nothing is signed after it. See stopRecord.
	recordStop byte = 3
	stopHeader int  = 17
	// recordResume: a human has lifted the stop. It is empty.
	recordResume byte = 4
)

// signed is what one slot was used for.
type signed struct {
	slot      Slot
	digest    [32]byte
	signature [64]byte
}

func (s *signed) record() wal.Record {
	b := make([]byte, 0, signedSize)
	b = append(b, byte(s.slot.Kind))
	b = binary.BigEndian.AppendUint64(b, s.slot.Height)
	b = binary.BigEndian.AppendUint64(b, s.slot.Round)
	b = append(b, s.digest[:]...)
	b = append(b, s.signature[:]...)
	return wal.Record{Type: recordSigned, Data: b}
}

func parseSigned(b []byte) (s signed, err error) {
	if len(b) != signedSize {
		return s, fmt.Errorf("%w: a signature record of %d bytes", ErrCorrupt, len(b))
	}
	s.slot = Slot{Kind: Kind(b[0]), Height: binary.BigEndian.Uint64(b[1:]), Round: binary.BigEndian.Uint64(b[9:])}
	copy(s.digest[:], b[17:])
	copy(s.signature[:], b[49:])
	if s.slot.check() != nil {
		return s, fmt.Errorf("%w: a signature record for %v", ErrCorrupt, s.slot)
	}
	return s, nil
}

// state is what is known to have been signed: everything of the highest height, up to a limit. That is enough: below it
// nothing is ever signed again. And whether signing was stopped.
type state struct {
	highest Slot
	recent  []signed // of highest.Height, in order
	limit   int      // of recent, so that a height of endless rounds does not fill the memory
	stop    *Stop    // why nothing is signed; nil if it is
}

// add takes a slot above highest.
func (s *state) add(entry signed) {
	if entry.slot.Height != s.highest.Height {
		s.recent = s.recent[:0]
	}
	if len(s.recent) >= s.limit {
		s.recent = append(s.recent[:0], s.recent[len(s.recent)-s.limit+1:]...)
	}
	s.recent = append(s.recent, entry)
	s.highest = entry.slot
}

// find looks for a slot among the recent ones, latest first.
func (s *state) find(slot Slot) (signed, bool) {
	for i := len(s.recent) - 1; i >= 0; i-- {
		if s.recent[i].slot == slot {
			return s.recent[i], true
		}
	}
	return signed{}, false
}

// replay builds the state from the records of a log whose keys are identity.
func replay(recs []wal.Record, identity []byte, limit int) (state, error) {
	st := state{limit: limit}
	if len(recs) == 0 || recs[0].Type != recordIdentity || len(recs[0].Data) != identitySize {
		return st, fmt.Errorf("%w: it does not begin with the keys it is for", ErrCorrupt)
	}
	if string(recs[0].Data) != string(identity) {
		return st, fmt.Errorf("%w: it is for consensus key %x, the key beside it is %x; bring the two files that belong together",
			ErrForeignSignState, recs[0].Data[:32], identity[:32])
	}
	for _, r := range recs[1:] {
		if err := st.take(r); err != nil {
			return st, err
		}
	}
	return st, nil
}

// take applies one record after the identity.
func (s *state) take(r wal.Record) (err error) {
	switch r.Type {
	case recordSigned:
		entry, err := parseSigned(r.Data)
		if err != nil {
			return err
		}
		if entry.slot.Compare(s.highest) <= 0 {
			return fmt.Errorf("%w: %v is recorded after %v", ErrCorrupt, entry.slot, s.highest)
		}
		if s.stop != nil {
			return fmt.Errorf("%w: %v is recorded after signing was stopped", ErrCorrupt, entry.slot)
		}
		s.add(entry)
	case recordStop:
		s.stop, err = parseStop(r.Data)
	case recordResume:
		s.stop = nil
	default:
		return fmt.Errorf("%w: a record of type %d, which this program does not know; use the program that wrote it", ErrVersion, r.Type)
	}
	return err
}

// records is what a new file for the same state holds.
func (s *state) records(identity []byte) []wal.Record {
	recs := []wal.Record{{Type: recordIdentity, Data: identity}}
	for i := range s.recent {
		recs = append(recs, s.recent[i].record())
	}
	if s.stop != nil {
		recs = append(recs, stopRecord(s.stop))
	}
	return recs
}
