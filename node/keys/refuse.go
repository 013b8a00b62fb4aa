package keys

import (
	"errors"
	"fmt"
	"strings"
)

// Reasons a key file is refused. The error around them says what to do.
var (
	// ErrNotPEM: no PEM block was found.
	ErrNotPEM = errors.New("not a PEM file")
	// ErrTooLarge: more than MaxPEM bytes.
	ErrTooLarge = errors.New("key file is too large")
	// ErrEncrypted: the key is protected with a passphrase.
	ErrEncrypted = errors.New("private key is encrypted")
	// ErrWrongAlgorithm: a key, but not Ed25519.
	ErrWrongAlgorithm = errors.New("not an Ed25519 key")
	// ErrPublicNotPrivate: a public key where the private one is needed.
	ErrPublicNotPrivate = errors.New("public key given where the private key is needed")
	// ErrPrivateNotPublic: a private key where the public one is wanted.
	ErrPrivateNotPublic = errors.New("private key given where the public key is wanted")
	// ErrWrongFormat: an Ed25519 key perhaps, but not in PKCS#8 or SubjectPublicKeyInfo.
	ErrWrongFormat = errors.New("key is in another format")
	// ErrMalformed: the right kind of file with wrong contents.
	ErrMalformed = errors.New("malformed key")
)

const (
	labelEncrypted = "ENCRYPTED PRIVATE KEY"

	hintGenerate  = "make one with `openssl genpkey -algorithm ed25519 -out key.pem`"
	hintDecrypt   = "decrypt it with `openssl pkey -in FILE -out key.pem`"
	hintPublic    = "get it with `openssl pkey -in FILE -pubout`"
	hintOpenSSH   = "OpenSSH keys are not read; " + hintGenerate
	hintWhichFile = "give the file that begins with -----BEGIN PRIVATE KEY-----"
)

// refusePrivate says why a block of this label is no private key of ours.
func refusePrivate(label string) error {
	switch {
	case label == labelEncrypted:
		return fmt.Errorf("%w: %s", ErrEncrypted, hintDecrypt)
	case label == "OPENSSH PRIVATE KEY":
		return fmt.Errorf("%w: %s", ErrWrongFormat, hintOpenSSH)
	case strings.HasSuffix(label, labelPublic):
		return fmt.Errorf("%w: %s", ErrPublicNotPrivate, hintWhichFile)
	case strings.HasSuffix(label, " "+labelPrivate): // "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY"
		return fmt.Errorf("%w: its label is %q; %s", ErrWrongAlgorithm, label, hintGenerate)
	case strings.HasSuffix(label, " PARAMETERS"):
		return fmt.Errorf("%w: it begins with %q; %s", ErrWrongAlgorithm, label, hintGenerate)
	default:
		return fmt.Errorf("%w: its label is %q; %s", ErrWrongFormat, label, hintWhichFile)
	}
}

// refusePublic says why a block of this label is no public key of ours.
func refusePublic(label string) error {
	switch {
	case strings.HasSuffix(label, labelPrivate):
		return fmt.Errorf("%w: %s", ErrPrivateNotPublic, hintPublic)
	case strings.HasSuffix(label, " "+labelPublic):
		return fmt.Errorf("%w: its label is %q; %s", ErrWrongAlgorithm, label, hintGenerate)
	default:
		return fmt.Errorf("%w: its label is %q; give the file that begins with -----BEGIN PUBLIC KEY-----", ErrWrongFormat, label)
	}
}
