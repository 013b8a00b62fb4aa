package keys_test

import (
	"encoding/hex"
	"testing"

	"github.com/posnet/posnet/node/keys"
)

// unhex decodes a published vector.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatalf("test vector %q: %v", s, err)
	}
	return b
}

// keyOf is a key that depends on b only.
func keyOf(b byte) keys.PrivateKey {
	return keys.FromSeed([keys.SeedSize]byte{b, 1, 2, 3})
}
