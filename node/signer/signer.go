package signer

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/wal"
)

// Signer signs for one validator. It is safe for concurrent use; requests are answered one after the other.
type Signer struct {
	consensus, vrf keys.PrivateKey
	identity       []byte // the two public keys, as in the sign-state

	mu      sync.Mutex
	log     *wal.Log
	lock    io.Closer
	state   state
	unsaved bool // state.stop is not durable yet
}

// Request asks for the signature of a message in a slot.
type Request struct {
	Kind   Kind
	Height uint64 // from 1
	Round  uint64
	// Message is all of the signed bytes, with domain string and genesis hash. The signer does not look into it: who asks
	// vouches that the kind, height and round in it are those of the request.
	Message []byte
}

// Sign returns the consensus key's signature of the message, the only one it gives for this slot, ever.
//
// A crash before or in Sign leaves the slot unused, or used for this message with a signature nobody has seen; after the
// same request is repeated it is returned. When Sign has returned a signature, every later process knows it.
//
// Errors: *StoppedError (ErrStopped), *DoubleSignError (ErrDoubleSign), ErrRegression, ErrBadRequest, ErrNoSpace (ask again
// when there is room), ErrFailed (end the process), ErrClosed. With an error nothing was released.
func (s *Signer) Sign(req Request) (sig [64]byte, err error) {
	slot := Slot{Height: req.Height, Round: req.Round, Kind: req.Kind}
	if err := slot.check(); err != nil {
		return sig, err
	}
	if len(req.Message) == 0 {
		return sig, fmt.Errorf("%w: no message for %v", ErrBadRequest, slot)
	}
	digest := sha256.Sum256(req.Message)

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lock == nil {
		return sig, fmt.Errorf("sign %v: %w", slot, ErrClosed)
	}
	if s.state.stop != nil {
		return sig, &StoppedError{*s.state.stop}
	}
	if before, ok := s.state.find(slot); ok {
		if before.digest != digest {
			return sig, &DoubleSignError{Slot: slot, Signed: before.digest, Asked: digest}
		}
		return before.signature, nil // durable since it was first given, or since Open
	}
	if slot.Compare(s.state.highest) <= 0 {
		return sig, fmt.Errorf("%w: asked for %v, signed up to %v", ErrRegression, slot, s.state.highest)
	}
	entry := signed{slot: slot, digest: digest, signature: s.consensus.Sign(req.Message)}
	if err := s.write(entry.record()); err != nil {
		return sig, fmt.Errorf("sign %v: %w", slot, err)
	}
	s.state.add(entry)
	return entry.signature, nil
}

// write makes a record durable.
func (s *Signer) write(r wal.Record) error {
	if s.log.Room() < slotSize {
		// A crash in here leaves the old file or the new, with the same state. With a full disk the old one stays.
		if err := s.log.Rotate(s.state.records(s.identity)...); err != nil {
			return fmt.Errorf("begin a new sign-state file: %w", err)
		}
	}
	if err := s.log.Append(r); err != nil {
		return err
	}
	return s.log.Sync()
}

// State returns the highest slot that was signed; the zero Slot if none was.
func (s *Signer) State() Slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.highest
}

// Signed returns the SHA-256 of the message that was signed for a slot. It knows the slots of the highest height (the
// latest 1024 of them); of others it reports false whether they were used or not.
func (s *Signer) Signed(kind Kind, height, round uint64) (digest [32]byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	entry, ok := s.state.find(Slot{Height: height, Round: round, Kind: kind})
	return entry.digest, ok
}

// VRFProve proves the VRF key's output for alpha. It is deterministic, so there is nothing to keep and no way to
// contradict oneself.
func (s *Signer) VRFProve(alpha []byte) [keys.ProofSize]byte { return keys.VRFProve(s.vrf, alpha) }

// ConsensusPublic returns the public key of the signatures.
func (s *Signer) ConsensusPublic() [32]byte { return s.consensus.Public() }

// VRFPublic returns the public key of the VRF proofs.
func (s *Signer) VRFPublic() [32]byte { return s.vrf.Public() }

// Close lets the directory go. Sign fails from then on; closing twice does nothing.
func (s *Signer) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lock == nil {
		return nil
	}
	err := errors.Join(s.log.Close(), s.lock.Close())
	s.lock = nil
	return err
}
