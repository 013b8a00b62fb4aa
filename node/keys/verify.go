package keys

import (
	"sync"

	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519"
)

// zip215 is the one rule of the chain. Single and batch verification must name the same preset: the library's default
// differs from it, and a block accepted under one and refused under the other splits the network.
var zip215 = &ed25519.Options{Verify: ed25519.VerifyOptionsZIP_215}

// Verify reports whether sig is a signature of msg by pub under ZIP-215 (https://zips.z.cash/zip-0215).
//
// It judges the signature, not the key: keys of small order verify, and must have been kept out with CheckPublicKey.
func Verify(pub [PublicSize]byte, msg []byte, sig [SignatureSize]byte) bool {
	return ed25519.VerifyWithOptions(pub[:], msg, sig[:], zip215)
}

// Batch verifies many signatures together in less time than one by one, under the same rule as Verify: for every input
// the two agree (a wrong signature slips through a batch with probability 2^-128).
//
// Use one goroutine per Batch. The zero value is not usable; call NewBatch.
type Batch struct {
	v *ed25519.BatchVerifier
	n int
}

// expandBelow is the size of a batch from which the library sums all points at once. To prepare tables for the keys, as
// it does for smaller ones, would be wasted.
const expandBelow = 95

// NewBatch returns an empty batch with room for n signatures; more may be added.
func NewBatch(n int) *Batch {
	b := &Batch{v: ed25519.NewBatchVerifierWithCapacity(max(n, 0))}
	b.expect(n)
	return b
}

// expect prepares the batch for n signatures.
func (b *Batch) expect(n int) {
	if n >= expandBelow {
		b.v.ForceNoPublicKeyExpansion()
	}
}

// batches are large ones to be used again: an entry has half a kilobyte.
var batches = sync.Pool{New: func() any { return NewBatch(0) }}

// reset empties the batch, and keeps its room.
func (b *Batch) reset() {
	b.v.Reset()
	b.n = 0
}

// Add puts a signature in the batch. What pub, msg and sig hold is taken now: they may change afterwards.
func (b *Batch) Add(pub [PublicSize]byte, msg []byte, sig [SignatureSize]byte) {
	b.v.AddWithOptions(pub[:], msg, sig[:], zip215)
	b.n++
}

// Len returns how many signatures were added.
func (b *Batch) Len() int { return b.n }

// Verify reports whether every signature is valid, and which are, in the order they were added. An empty batch is valid:
// it holds nothing wrong. Whoever needs at least one signature counts.
//
// All valid is the fast case. With a wrong one among n it costs the batch and then n single checks, so a caller that
// takes signatures from strangers puts those of one stranger in one batch.
func (b *Batch) Verify() (ok bool, each []bool) {
	if b.n == 0 {
		return true, nil
	}
	return b.v.Verify(nil)
}

// all reports whether every signature is valid; with a wrong one it does not look which. An empty batch is not.
func (b *Batch) all() bool { return b.v.VerifyBatchOnly(nil) }
