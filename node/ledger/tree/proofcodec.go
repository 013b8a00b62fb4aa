package tree

import (
	"encoding/binary"
	"fmt"
)

const (
	// MaxSiblings is the number of bits in a key, the longest way there is.
	MaxSiblings = 256

	// MaxProofSize bounds the encoding of a proof, in bytes. A tree of n random
	// keys needs about 40·log2(n) of them.
	MaxProofSize = 1 + 64 + 2 + MaxSiblings/8 + MaxSiblings*32
)

const (
	endsAtNothing = 0
	endsAtLeaf    = 1
)

// MarshalBinary returns the one encoding of p:
//
//	0x00, or 0x01 ‖ key ‖ valueHash of the leaf at the end
//	number n of siblings (16 bits, big-endian)
//	n bits, padded with zeros to whole bytes, first sibling highest: 1 if not Empty
//	the siblings that are not Empty, in order
//
// It fails with [ErrProof] on a proof that Prove never makes.
func (p Proof) MarshalBinary() ([]byte, error) {
	if err := p.shape(); err != nil {
		return nil, err
	}
	b := make([]byte, 0, 1+64+2+(len(p.Siblings)+7)/8+32*len(p.Siblings))
	if p.End == nil {
		b = append(b, endsAtNothing)
	} else {
		b = append(b, endsAtLeaf)
		b = append(b, p.End.Key[:]...)
		b = append(b, p.End.ValueHash[:]...)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(p.Siblings)))
	bitmap := len(b)
	b = append(b, make([]byte, (len(p.Siblings)+7)/8)...)
	for i := range p.Siblings {
		if p.Siblings[i] != Empty {
			b[bitmap+i>>3] |= 0x80 >> (i & 7)
			b = append(b, p.Siblings[i][:]...)
		}
	}
	return b, nil
}

// UnmarshalBinary reads what MarshalBinary wrote, and keeps nothing of b. It
// fails with [ErrProof] on everything else, whatever its size.
func (p *Proof) UnmarshalBinary(b []byte) error {
	var q Proof
	switch {
	case len(b) > MaxProofSize:
		return fmt.Errorf("proof of %d bytes, at most %d: %w", len(b), MaxProofSize, ErrProof)
	case len(b) >= 1 && b[0] == endsAtNothing:
		b = b[1:]
	case len(b) >= 65 && b[0] == endsAtLeaf:
		q.End = &Leaf{Key: Hash(b[1:33]), ValueHash: Hash(b[33:65])}
		b = b[65:]
	default:
		return fmt.Errorf("proof without an end: %w", ErrProof)
	}
	if len(b) < 2 {
		return errProofSize
	}
	n := int(binary.BigEndian.Uint16(b))
	b = b[2:]
	size := (n + 7) / 8
	if n > MaxSiblings || len(b) < size {
		return errProofSize
	}
	bitmap, hashes := b[:size], b[size:]
	if n&7 != 0 && bitmap[size-1]<<(n&7) != 0 {
		return fmt.Errorf("proof with more bits than siblings: %w", ErrProof)
	}
	if n > 0 {
		q.Siblings = make([]Hash, n)
	}
	for i := range q.Siblings {
		if bitmap[i>>3]<<(i&7)&0x80 == 0 {
			continue
		}
		if len(hashes) < 32 {
			return errProofSize
		}
		q.Siblings[i], hashes = Hash(hashes[:32]), hashes[32:]
		if q.Siblings[i] == Empty {
			return fmt.Errorf("proof with an empty sibling written out: %w", ErrProof)
		}
	}
	if len(hashes) != 0 {
		return errProofSize
	}
	if err := q.shape(); err != nil {
		return err
	}
	*p = q
	return nil
}

var errProofSize = fmt.Errorf("proof is not of the size it says: %w", ErrProof)
