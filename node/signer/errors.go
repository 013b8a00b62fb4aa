package signer

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/posnet/posnet/node/wal"
)

// Reasons a validator directory does not open. None of them goes away by trying again.
var (
	// ErrNoValidator: there is no such directory; Create makes one. It wraps fs.ErrNotExist in what Open returns.
	ErrNoValidator = errors.New("no validator directory")
	// ErrExists: Create found a validator directory. Its keys may have signed; they are never replaced.
	ErrExists = errors.New("validator directory exists already")
	// ErrKeyWithoutSignState: the key is there and the record of what it signed is not.
	ErrKeyWithoutSignState = errors.New("consensus key without sign-state")
	// ErrKeyMissing: a key file is missing beside the sign-state.
	ErrKeyMissing = errors.New("key file is missing")
	// ErrForeignSignState: the sign-state belongs to other keys.
	ErrForeignSignState = errors.New("sign-state belongs to other keys")
	// ErrInUse: another process, or another Signer of this one, has the directory open.
	ErrInUse = errors.New("validator directory is in use")
	// ErrCorrupt: the sign-state is damaged. It cannot be known what was signed, so nothing may be signed any more.
	ErrCorrupt = wal.ErrCorrupt
	// ErrVersion: the sign-state was written by a newer program.
	ErrVersion = wal.ErrVersion
)

// Reasons Sign does not sign. With each of them nothing was signed and nothing released.
var (
	// ErrDoubleSign: another message was signed for this slot. The error is a *DoubleSignError.
	ErrDoubleSign = errors.New("refused to sign two messages for one slot")
	// ErrStopped: another process signs with this key, and until a human has lifted the stop nothing is signed. The error
	// is a *StoppedError.
	ErrStopped = errors.New("signing is stopped")
	// ErrRegression: a later slot was used already.
	ErrRegression = errors.New("refused to sign below what was signed")
	// ErrBadRequest: the request makes no sense; the caller has a mistake.
	ErrBadRequest = errors.New("request makes no sense")
	// ErrNoSpace: the disk is full. Make room and ask again.
	ErrNoSpace = wal.ErrNoSpace
	// ErrFailed: a write or sync failed and nothing will be signed any more. End the process and start again.
	ErrFailed = wal.ErrFailed
	// ErrClosed: the signer was closed.
	ErrClosed = wal.ErrClosed
)

// DoubleSignError says which slot was asked for a second message. It is ErrDoubleSign to errors.Is.
type DoubleSignError struct {
	Slot
	Signed [32]byte // SHA-256 of the message that was signed
	Asked  [32]byte // SHA-256 of the message that was refused
}

// Error implements error.
func (e *DoubleSignError) Error() string {
	return fmt.Sprintf("%v: %v: signed the message %s, asked for %s", ErrDoubleSign, e.Slot,
		hex.EncodeToString(e.Signed[:]), hex.EncodeToString(e.Asked[:]))
}

// Is makes errors.Is(err, ErrDoubleSign) true.
func (e *DoubleSignError) Is(target error) bool { return target == ErrDoubleSign }
