package snapshot

import (
	"bytes"
	"fmt"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/ledger"
)

// Bounds of what travels.
const (
	// ChunkBytes is where a chunk ends: with the pair that brings its pairs to so many bytes.
	ChunkBytes = 2 << 20
	// MaxChunkBytes caps an encoded chunk: one byte less than ChunkBytes, and the largest pair.
	MaxChunkBytes = ChunkBytes + maxValue + 1<<10
	// MaxChunks caps a snapshot, at some 64 GiB.
	MaxChunks = 1 << 15
	// MaxManifestBytes and MaxOfferBytes cap an encoded [Manifest] with what is around it, and an [Offer].
	MaxManifestBytes = 32*MaxChunks + 256
	MaxOfferBytes    = 128

	maxValue = 8 << 20 // of a value of the state
	maxWait  = 60_000
)

// Offer says what a node has.
type Offer struct {
	_         struct{} `cbor:",toarray"`
	Base      uint64   // the first height whose block it has
	Height    uint64   // the last
	Snapshots []uint64 // heights of the states it offers, at most MaxPins, ascending
}

// DecodeOffer reads an encoded [Offer] of a peer. It fails with [chain.ErrEncoding] or [chain.ErrTooLarge].
func DecodeOffer(b []byte) (*Offer, error) {
	var o Offer
	if err := chain.Decode(b, &o, MaxOfferBytes); err != nil {
		return nil, fmt.Errorf("read an offer: %w", err)
	}
	if len(o.Snapshots) > MaxPins || o.Base == 0 {
		return nil, fmt.Errorf("read an offer: %w: %d snapshots, from %d", chain.ErrEncoding, len(o.Snapshots), o.Base)
	}
	for i, h := range o.Snapshots {
		if h == 0 || h > o.Height || i > 0 && h <= o.Snapshots[i-1] {
			return nil, fmt.Errorf("read an offer: %w: a snapshot of height %d", chain.ErrEncoding, h)
		}
	}
	return &o, nil
}

// Manifest says what the state of a height consists of. It follows from the chain alone: all honest nodes have the same one.
type Manifest struct {
	_     struct{} `cbor:",toarray"`
	Block chain.Hash
	Seed  chain.Hash // of the height before: what the block's lottery was drawn with
	Bytes uint64     // of all chunks
	Sums  []byte     // SHA-256 of each chunk, 32 bytes each
}

// Chunks is how many chunks there are.
func (m *Manifest) Chunks() int { return len(m.Sums) / 32 }

// Sum is the hash of chunk i.
func (m *Manifest) Sum(i int) chain.Hash { return chain.Hash(m.Sums[32*i:]) }

// DecodeManifest reads an encoded [Manifest] of a peer. It fails with [chain.ErrEncoding] or [chain.ErrTooLarge].
func DecodeManifest(b []byte) (*Manifest, error) {
	var m Manifest
	if err := chain.Decode(b, &m, MaxManifestBytes); err != nil {
		return nil, fmt.Errorf("read a manifest: %w", err)
	}
	n := m.Chunks()
	if len(m.Sums)%32 != 0 || n == 0 || n > MaxChunks || m.Bytes > uint64(n)*MaxChunkBytes {
		return nil, fmt.Errorf("read a manifest: %w: %d bytes of hashes for %d bytes", chain.ErrEncoding, len(m.Sums), m.Bytes)
	}
	return &m, nil
}

// answer is what comes when a manifest is asked for.
type answer struct {
	_        struct{} `cbor:",toarray"`
	Wait     uint64   // milliseconds after which to ask again: it is being made. 0: here it is
	Manifest []byte
}

func decodeAnswer(b []byte) (*answer, error) {
	var a answer
	if err := chain.Decode(b, &a, MaxManifestBytes); err != nil {
		return nil, fmt.Errorf("read an answer with a manifest: %w", err)
	}
	if a.Wait > maxWait || (a.Wait == 0) != (len(a.Manifest) > 0) {
		return nil, fmt.Errorf("read an answer with a manifest: %w: wait %d ms, %d bytes", chain.ErrEncoding, a.Wait, len(a.Manifest))
	}
	return &a, nil
}

// pairs gathers keys and values into the encoding of a chunk: an array of byte strings, a key and its value in turn.
type pairs struct {
	n uint64
	b []byte
}

func (p *pairs) add(key, value []byte) {
	p.n++
	p.b = chain.AppendBytes(chain.AppendBytes(p.b, key), value)
}

func (p *pairs) encode() []byte {
	return append(chain.AppendArray(make([]byte, 0, len(p.b)+9), 2*p.n), p.b...)
}

// DecodeChunk calls fn with the keys and values of an encoded chunk, in their order. It fails with [chain.ErrEncoding] or
// [chain.ErrTooLarge] when they are none of a state or do not ascend from after, the last key of the chunk before; or with what
// fn says. fn may keep nothing of what it is given.
func DecodeChunk(b, after []byte, fn func(key, value []byte) error) (last []byte, err error) {
	if len(b) > MaxChunkBytes {
		return nil, fmt.Errorf("read a chunk: %w: %d bytes", chain.ErrTooLarge, len(b))
	}
	n, rest, err := chain.CutArray(b)
	if err != nil {
		return nil, fmt.Errorf("read a chunk: %w", err)
	}
	if n == 0 || n%2 != 0 {
		return nil, fmt.Errorf("read a chunk: %w: %d keys and values", chain.ErrEncoding, n)
	}
	for ; n > 0; n -= 2 {
		var key, value []byte
		if key, rest, err = chain.CutBytes(rest, ledger.MaxKeyBytes); err == nil {
			value, rest, err = chain.CutBytes(rest, maxValue)
		}
		if err != nil {
			return nil, fmt.Errorf("read a chunk: %w", err)
		}
		if bytes.Compare(key, after) <= 0 || key[0] >= ledger.Beside {
			return nil, fmt.Errorf("read a chunk: %w: key %x after %x", chain.ErrEncoding, key, after)
		}
		after = key
		if err := fn(key, value); err != nil {
			return nil, err
		}
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("read a chunk: %w: %d bytes too many", chain.ErrEncoding, len(rest))
	}
	return bytes.Clone(after), nil
}
