package keys

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519"
)

// Sizes in bytes of the values of this package.
const (
	SeedSize      = 32
	PublicSize    = 32
	SignatureSize = 64
)

// redacted is what a private key shows wherever something tries to print it.
const redacted = "[private key]"

// PrivateKey is an Ed25519 private key. The zero value holds no key: IsZero tells, and Sign, Public and Seed panic on it,
// because a program that signs with a key it never loaded has a mistake no error value would cure.
//
// Copies share the secret. A PrivateKey is safe for concurrent use.
type PrivateKey struct {
	// The secret is behind a function because fmt cannot call methods on an unexported field of somebody else's struct:
	// there it prints the fields, through a pointer too (%s does), but of a function no more than the address.
	secret func() *secret
}

type secret struct {
	expanded ed25519.PrivateKey // seed followed by the public key
	public   [PublicSize]byte
}

// Generate makes a new key from 32 bytes of rand; nil means crypto/rand. It fails only when rand does.
func Generate(random io.Reader) (PrivateKey, error) {
	if random == nil {
		random = rand.Reader
	}
	var seed [SeedSize]byte
	if _, err := io.ReadFull(random, seed[:]); err != nil {
		return PrivateKey{}, fmt.Errorf("generate key: read %d random bytes: %w", SeedSize, err)
	}
	return FromSeed(seed), nil
}

// FromSeed makes the key of a 32-byte seed: the "private key" of RFC 8032, the CurvePrivateKey of RFC 8410. Every seed is
// a valid key.
func FromSeed(seed [SeedSize]byte) PrivateKey {
	s := &secret{expanded: ed25519.NewKeyFromSeed(seed[:])}
	copy(s.public[:], s.expanded[SeedSize:])
	return PrivateKey{secret: func() *secret { return s }}
}

// IsZero reports whether k holds no key.
func (k PrivateKey) IsZero() bool { return k.secret == nil }

// Public returns the public key, always canonical and never of small order.
func (k PrivateKey) Public() [PublicSize]byte { return k.must().public }

// Seed returns the 32 secret bytes, for writing a key file and nothing else.
func (k PrivateKey) Seed() (seed [SeedSize]byte) {
	copy(seed[:], k.must().expanded)
	return seed
}

// Sign returns the RFC 8032 signature of msg, which is deterministic: the same key and message give the same bytes.
func (k PrivateKey) Sign(msg []byte) (sig [SignatureSize]byte) {
	copy(sig[:], ed25519.Sign(k.must().expanded, msg))
	return sig
}

func (k PrivateKey) must() *secret {
	if k.secret == nil {
		panic("keys: use of a PrivateKey that was never loaded")
	}
	return k.secret()
}

// String shows that there is a key and nothing of it, as GoString, Format and LogValue do.
func (k PrivateKey) String() string { return redacted }

// GoString implements fmt.GoStringer.
func (k PrivateKey) GoString() string { return redacted }

// Format implements fmt.Formatter, so that no verb (%x, %d, %+v) reaches the bytes.
func (k PrivateKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue implements slog.LogValuer.
func (k PrivateKey) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText refuses, so that no encoder writes a key by accident; MarshalPrivatePEM is the one way out.
func (k PrivateKey) MarshalText() ([]byte, error) {
	return nil, errors.New("keys: a private key is written with MarshalPrivatePEM only")
}
