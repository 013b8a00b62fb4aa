package chain

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// Hash is a SHA-256 digest. The zero Hash is no digest of anything known and
// stands for "nothing": the block hash of a nil vote, the parent of height 1.
type Hash [32]byte

// PublicKey is an Ed25519 public key (RFC 8032) in its 32-byte encoding, of a
// consensus, VRF or node key. Account keys appear as [Address].
type PublicKey [32]byte

// Signature is an Ed25519 signature.
type Signature [64]byte

// Sum is the SHA-256 of the parts, one after the other.
func Sum(parts ...[]byte) Hash {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	var out Hash
	h.Sum(out[:0])
	return out
}

// Uint64 is the form of an integer in a hash input: 8 bytes, big-endian.
func Uint64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

// UnmarshalCBOR reads a byte string of 32 bytes.
func (h *Hash) UnmarshalCBOR(b []byte) error { return fixed(h[:], b) }

// UnmarshalCBOR reads a byte string of 32 bytes.
func (k *PublicKey) UnmarshalCBOR(b []byte) error { return fixed(k[:], b) }

// UnmarshalCBOR reads a byte string of 64 bytes.
func (s *Signature) UnmarshalCBOR(b []byte) error { return fixed(s[:], b) }

// UnmarshalCBOR reads a byte string of 32 bytes.
func (a *Address) UnmarshalCBOR(b []byte) error { return fixed(a[:], b) }

// fixed reads a byte string of exactly the length of dst, from 24 to 255. The
// library would cut or fill one of another length, and a flood of empty ones
// would be noticed only after all of them had been filled.
func fixed(dst, b []byte) error {
	if len(b) != 2+len(dst) || b[0] != 0x58 || int(b[1]) != len(dst) {
		return fmt.Errorf("%w: not a byte string of %d bytes", ErrEncoding, len(dst))
	}
	copy(dst, b[2:])
	return nil
}

// IsZero reports whether h stands for "nothing".
func (h Hash) IsZero() bool { return h == Hash{} }

// String is the lower-case hexadecimal form.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Short is the first 8 hexadecimal digits, for people.
func (h Hash) Short() string { return hex.EncodeToString(h[:4]) }

// MarshalText writes the hexadecimal form (JSON, YAML, flags).
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads exactly 64 hexadecimal digits.
func (h *Hash) UnmarshalText(b []byte) error { return unhex(h[:], b, "hash") }

// IsZero reports whether the key is absent.
func (k PublicKey) IsZero() bool { return k == PublicKey{} }

// String is the lower-case hexadecimal form.
func (k PublicKey) String() string { return hex.EncodeToString(k[:]) }

// MarshalText writes the hexadecimal form.
func (k PublicKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads exactly 64 hexadecimal digits.
func (k *PublicKey) UnmarshalText(b []byte) error { return unhex(k[:], b, "public key") }

// String is the lower-case hexadecimal form.
func (s Signature) String() string { return hex.EncodeToString(s[:]) }

// MarshalText writes the hexadecimal form.
func (s Signature) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads exactly 128 hexadecimal digits.
func (s *Signature) UnmarshalText(b []byte) error { return unhex(s[:], b, "signature") }

func unhex(dst, text []byte, what string) error {
	if len(text) != 2*len(dst) {
		return fmt.Errorf("a %s is %d hexadecimal digits, this has %d characters", what, 2*len(dst), len(text))
	}
	if _, err := hex.Decode(dst, text); err != nil {
		return fmt.Errorf("read %s: %w", what, err)
	}
	return nil
}
