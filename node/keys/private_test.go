package keys_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/posnet/posnet/node/keys"
)

// The first three vectors of RFC 8032 7.1.
var rfc8032 = []struct{ seed, public, msg, sig string }{
	{
		"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
		"",
		"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
	},
	{
		"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
		"72",
		"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
	},
	{
		"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
		"af82",
		"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
	},
}

func TestSignaturesAreThoseOfRFC8032(t *testing.T) {
	t.Parallel()
	for i, v := range rfc8032 {
		key := keys.FromSeed([32]byte(unhex(t, v.seed)))
		msg := unhex(t, v.msg)
		if got := key.Public(); hex.EncodeToString(got[:]) != v.public {
			t.Errorf("vector %d: public key %x, want %s", i+1, got, v.public)
		}
		sig := key.Sign(msg)
		if hex.EncodeToString(sig[:]) != v.sig {
			t.Errorf("vector %d: signature %x, want %s", i+1, sig, v.sig)
		}
		if !keys.Verify(key.Public(), msg, sig) {
			t.Errorf("vector %d: own signature does not verify", i+1)
		}
		if seed := key.Seed(); hex.EncodeToString(seed[:]) != v.seed {
			t.Errorf("vector %d: seed %x, want %s", i+1, seed, v.seed)
		}
	}
}

func TestGenerateUsesExactlyItsRandomness(t *testing.T) {
	t.Parallel()
	seed := unhex(t, rfc8032[0].seed)
	key, err := keys.Generate(bytes.NewReader(seed))
	if err != nil {
		t.Fatal(err)
	}
	if got := key.Seed(); !bytes.Equal(got[:], seed) {
		t.Errorf("seed %x, want the 32 bytes read, %x", got, seed)
	}
	if _, err := keys.Generate(bytes.NewReader(seed[:31])); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("31 random bytes: error %v, want unexpected EOF", err)
	}
	broken := errors.New("no entropy")
	if _, err := keys.Generate(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("error %v, want the reader's", err)
	}
	a, errA := keys.Generate(nil)
	b, errB := keys.Generate(nil)
	if errA != nil || errB != nil || a.Public() == b.Public() {
		t.Errorf("two generated keys are equal, or failed: %v, %v", errA, errB)
	}
}

func TestAPrivateKeyNeverPrints(t *testing.T) {
	t.Parallel()
	key := keys.FromSeed([32]byte(unhex(t, rfc8032[0].seed)))
	type holder struct {
		Exported keys.PrivateKey
		hidden   keys.PrivateKey
	}
	h := holder{key, key}
	seed := key.Seed()

	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p"} {
		for _, v := range []any{key, &key, h, &h, []keys.PrivateKey{key}, map[string]keys.PrivateKey{"k": key}} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("start", "key", key, "holder", h, "pointer", &h)
	}
	_ = json.NewEncoder(&out).Encode(h)
	if _, err := json.Marshal(key); err == nil {
		t.Error("json.Marshal wrote a private key, want an error")
	}

	text := strings.ToLower(out.String())
	decimal := strings.Trim(fmt.Sprint(seed[:8]), "[]")
	goSyntax := fmt.Sprintf("%#v", seed[:4])
	for what, secret := range map[string]string{
		"hexadecimal": hex.EncodeToString(seed[:8]),
		"decimal":     decimal,
		"Go syntax":   goSyntax[strings.Index(goSyntax, "{")+1 : len(goSyntax)-1],
		"raw":         string(seed[:8]),
	} {
		if strings.Contains(text, secret) {
			t.Errorf("output shows the seed in %s", what)
		}
	}
	if !strings.Contains(text, "[private key]") {
		t.Error("output does not show that a key was there")
	}
}

func TestUseOfAKeyNeverLoadedPanics(t *testing.T) {
	t.Parallel()
	var none keys.PrivateKey
	if !none.IsZero() || keyOf(1).IsZero() {
		t.Fatal("IsZero tells the zero key and a real one the wrong way round")
	}
	for name, use := range map[string]func(){
		"sign":   func() { none.Sign(nil) },
		"public": func() { none.Public() },
		"seed":   func() { none.Seed() },
		"prove":  func() { keys.VRFProve(none, nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s with the zero key did not panic", name)
				}
			}()
			use()
		}()
	}
}
