package keys

import (
	"bytes"
	"encoding/pem"
	"fmt"
)

// MaxPEM is the largest key file read, in bytes. An Ed25519 key file has about 120.
const MaxPEM = 16 << 10

// The labels of RFC 7468 this package reads and writes.
const (
	labelPrivate = "PRIVATE KEY"
	labelPublic  = "PUBLIC KEY"
)

// ParsePrivatePEM reads the Ed25519 private key in data: one PEM block "PRIVATE KEY" holding PKCS#8 as of RFC 8410, which
// is what `openssl genpkey -algorithm ed25519` writes. Text around the block (openssl's -text) is passed over.
//
// It refuses everything else with an error that wraps one of the sentinels of this package and says what to do.
func ParsePrivatePEM(data []byte) (PrivateKey, error) {
	block, err := onlyBlock(data)
	if err != nil {
		return PrivateKey{}, fmt.Errorf("read private key: %w", err)
	}
	if block.Type != labelPrivate {
		return PrivateKey{}, fmt.Errorf("read private key: %w", refusePrivate(block.Type))
	}
	if len(block.Headers) != 0 {
		if _, encrypted := block.Headers["DEK-Info"]; encrypted {
			return PrivateKey{}, fmt.Errorf("read private key: %w", refusePrivate(labelEncrypted))
		}
		return PrivateKey{}, fmt.Errorf("read private key: %w: its PEM block has headers; %s", ErrMalformed, hintGenerate)
	}
	key, err := parsePKCS8(block.Bytes)
	if err != nil {
		return PrivateKey{}, fmt.Errorf("read private key: %w", err)
	}
	return key, nil
}

// MarshalPrivatePEM returns the key file of k, byte for byte what openssl writes for the same seed.
func MarshalPrivatePEM(k PrivateKey) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: labelPrivate, Bytes: marshalPKCS8(k)})
}

// ParsePublicPEM reads an Ed25519 public key: what `openssl pkey -pubout` writes. The key has passed CheckPublicKey.
func ParsePublicPEM(data []byte) (pub [PublicSize]byte, err error) {
	block, err := onlyBlock(data)
	if err != nil {
		return pub, fmt.Errorf("read public key: %w", err)
	}
	if block.Type != labelPublic {
		return pub, fmt.Errorf("read public key: %w", refusePublic(block.Type))
	}
	pub, err = parseSPKI(block.Bytes)
	if err != nil {
		return pub, fmt.Errorf("read public key: %w", err)
	}
	if err := CheckPublicKey(pub); err != nil {
		return [PublicSize]byte{}, fmt.Errorf("read public key: %w", err)
	}
	return pub, nil
}

// MarshalPublicPEM returns the public key file of pub, byte for byte what `openssl pkey -pubout` writes.
func MarshalPublicPEM(pub [PublicSize]byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: labelPublic, Bytes: marshalSPKI(pub)})
}

// onlyBlock returns the one PEM block of data. Two blocks are refused because nobody could say which one was meant.
func onlyBlock(data []byte) (*pem.Block, error) {
	if len(data) > MaxPEM {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are read; is this the right file?", ErrTooLarge, len(data), MaxPEM)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, fmt.Errorf("%w: it is empty; %s", ErrNotPEM, hintGenerate)
	}
	block, rest := pem.Decode(data)
	switch {
	case block == nil && data[0] == 0x30: // the tag of an ASN.1 SEQUENCE: DER without its PEM coat
		return nil, fmt.Errorf("%w: it looks like DER; convert it with `openssl pkey -inform DER -in FILE -out key.pem`", ErrNotPEM)
	case block == nil:
		return nil, fmt.Errorf("%w: no complete -----BEGIN…END----- block in it; %s", ErrNotPEM, hintGenerate)
	}
	if another, _ := pem.Decode(rest); another != nil && block.Type == labelPrivate {
		return nil, fmt.Errorf("%w: it holds two PEM blocks (%q, then %q); put one key in one file", ErrMalformed, block.Type, another.Type)
	}
	return block, nil
}
