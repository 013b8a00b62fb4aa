package keys

import (
	"bytes"
	"encoding/asn1"
	"fmt"
)

// The object identifiers of RFC 8410 3, and of the keys people bring by mistake.
var (
	oidEd25519 = asn1.ObjectIdentifier{1, 3, 101, 112}

	otherAlgorithms = []struct {
		oid  asn1.ObjectIdentifier
		name string
	}{
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, "RSA"},
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}, "RSA-PSS"},
		{asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}, "elliptic curve (ECDSA)"},
		{asn1.ObjectIdentifier{1, 2, 840, 10040, 4, 1}, "DSA"},
		{asn1.ObjectIdentifier{1, 3, 101, 110}, "X25519"},
		{asn1.ObjectIdentifier{1, 3, 101, 111}, "X448"},
		{asn1.ObjectIdentifier{1, 3, 101, 113}, "Ed448"},
	}
)

type algorithm struct {
	OID        asn1.ObjectIdentifier
	Parameters asn1.RawValue `asn1:"optional"`
}

// oneAsymmetricKey is RFC 5958 2. Version 0 is PKCS#8 as openssl writes it; version 1 may carry the public key.
type oneAsymmetricKey struct {
	Version    int
	Algorithm  algorithm
	PrivateKey []byte
	Attributes asn1.RawValue  `asn1:"optional,tag:0"`
	PublicKey  asn1.BitString `asn1:"optional,tag:1"`
}

type subjectPublicKeyInfo struct {
	Algorithm algorithm
	PublicKey asn1.BitString
}

func parsePKCS8(der []byte) (PrivateKey, error) {
	var outer oneAsymmetricKey
	if rest, err := asn1.Unmarshal(der, &outer); err != nil || len(rest) != 0 {
		return PrivateKey{}, fmt.Errorf("%w: it is not PKCS#8 (damaged or cut off?); %s", ErrMalformed, hintGenerate)
	}
	if err := outer.Algorithm.check(); err != nil {
		return PrivateKey{}, err
	}
	if outer.Version != 0 && outer.Version != 1 {
		return PrivateKey{}, fmt.Errorf("%w: PKCS#8 version %d is not known; %s", ErrMalformed, outer.Version, hintGenerate)
	}
	var seed []byte // CurvePrivateKey: an octet string within the octet string
	if rest, err := asn1.Unmarshal(outer.PrivateKey, &seed); err != nil || len(rest) != 0 || len(seed) != SeedSize {
		return PrivateKey{}, fmt.Errorf("%w: an Ed25519 private key is an octet string of %d bytes; %s", ErrMalformed, SeedSize, hintGenerate)
	}
	key := FromSeed([SeedSize]byte(seed))
	if public := key.Public(); outer.PublicKey.BitLength != 0 && !bytes.Equal(outer.PublicKey.RightAlign(), public[:]) {
		return PrivateKey{}, fmt.Errorf("%w: the public key in the file is not the one of its private key; %s", ErrMalformed, hintGenerate)
	}
	return key, nil
}

func parseSPKI(der []byte) (pub [PublicSize]byte, err error) {
	var outer subjectPublicKeyInfo
	if rest, err := asn1.Unmarshal(der, &outer); err != nil || len(rest) != 0 {
		return pub, fmt.Errorf("%w: it is not a SubjectPublicKeyInfo (damaged or cut off?)", ErrMalformed)
	}
	if err := outer.Algorithm.check(); err != nil {
		return pub, err
	}
	if outer.PublicKey.BitLength != 8*PublicSize {
		return pub, fmt.Errorf("%w: an Ed25519 public key has %d bits, this one has %d", ErrMalformed, 8*PublicSize, outer.PublicKey.BitLength)
	}
	copy(pub[:], outer.PublicKey.Bytes)
	return pub, nil
}

// check refuses every algorithm but Ed25519, whose parameters must be absent (RFC 8410 3).
func (a algorithm) check() error {
	if !a.OID.Equal(oidEd25519) {
		for _, other := range otherAlgorithms {
			if a.OID.Equal(other.oid) {
				return fmt.Errorf("%w: it is %s; %s", ErrWrongAlgorithm, other.name, hintGenerate)
			}
		}
		return fmt.Errorf("%w: its algorithm is %s; %s", ErrWrongAlgorithm, a.OID, hintGenerate)
	}
	if len(a.Parameters.FullBytes) != 0 {
		return fmt.Errorf("%w: an Ed25519 key has no algorithm parameters; %s", ErrMalformed, hintGenerate)
	}
	return nil
}

func marshalPKCS8(k PrivateKey) []byte {
	seed := k.Seed()
	inner := mustMarshal(seed[:])
	return mustMarshal(struct {
		Version    int
		Algorithm  algorithm
		PrivateKey []byte
	}{0, algorithm{OID: oidEd25519}, inner})
}

func marshalSPKI(pub [PublicSize]byte) []byte {
	return mustMarshal(subjectPublicKeyInfo{
		Algorithm: algorithm{OID: oidEd25519},
		PublicKey: asn1.BitString{Bytes: pub[:], BitLength: 8 * PublicSize},
	})
}

// mustMarshal encodes values of this file only; their types always encode.
func mustMarshal(v any) []byte {
	der, err := asn1.Marshal(v)
	if err != nil {
		panic("keys: encode DER: " + err.Error())
	}
	return der
}
