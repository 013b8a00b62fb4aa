package keys

import (
	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519"
)

// zip215 is the one rule of the chain. The library's default differs from it, and a block accepted under one and refused
// under the other splits the network. Batches have the same rule; see sum.
var zip215 = &ed25519.Options{Verify: ed25519.VerifyOptionsZIP_215}

// Verify reports whether sig is a signature of msg by pub under ZIP-215 (https://zips.z.cash/zip-0215).
//
// It judges the signature, not the key: keys of small order verify, and must have been kept out with CheckPublicKey.
func Verify(pub [PublicSize]byte, msg []byte, sig [SignatureSize]byte) bool {
	return ed25519.VerifyWithOptions(pub[:], msg, sig[:], zip215)
}

// Signature is one to be verified.
type Signature struct {
	Key     [PublicSize]byte
	Message []byte
	Value   [SignatureSize]byte
}

// Batch verifies many signatures together in less time than one by one, under the same rule as Verify: for every input
// the two agree (a wrong signature slips through a batch with probability 2^-128).
//
// Use one goroutine per Batch. Make it with [NewBatch], which remembers no keys, or with [Known.Batch].
type Batch struct {
	known *points
	sigs  []Signature
	text  []byte // their messages
}

// NewBatch returns an empty batch with room for n signatures; more may be added.
func NewBatch(n int) *Batch { return &Batch{sigs: make([]Signature, 0, max(n, 0))} }

// Add puts a signature in the batch. What pub, msg and sig hold is taken now: they may change afterwards.
func (b *Batch) Add(pub [PublicSize]byte, msg []byte, sig [SignatureSize]byte) {
	from := len(b.text)
	b.text = append(b.text, msg...)
	b.sigs = append(b.sigs, Signature{Key: pub, Message: b.text[from:], Value: sig})
}

// Len returns how many signatures were added.
func (b *Batch) Len() int { return len(b.sigs) }

// Verify reports whether every signature is valid, and which are, in the order they were added. An empty batch is valid:
// it holds nothing wrong. Whoever needs at least one signature counts.
//
// All valid is the fast case. With a wrong one among n it costs the batch and then n single checks, of 2048 at most, so a
// caller that takes signatures from strangers puts those of one stranger in one batch. What is no signature by its form
// (no point, or s not below the group order) costs the others nothing.
func (b *Batch) Verify() (ok bool, each []bool) {
	if len(b.sigs) == 0 {
		return true, nil
	}
	each = make([]bool, len(b.sigs))
	return judge(b.known, b.sigs, each), each
}
