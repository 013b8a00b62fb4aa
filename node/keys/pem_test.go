package keys_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/posnet/posnet/node/keys"
)

// The examples of RFC 8410 10.1 and 10.3: public key, private key, private key with attributes and public key.
const (
	rfc8410Public = "-----BEGIN PUBLIC KEY-----\n" +
		"MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"
	rfc8410Private = "-----BEGIN PRIVATE KEY-----\n" +
		"MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n"
	rfc8410WithPublic = "-----BEGIN PRIVATE KEY-----\n" +
		"MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n" +
		"oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\n" +
		"Z9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PRIVATE KEY-----\n"
)

func block(label string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
}

func TestKeysAreThoseOfRFC8410(t *testing.T) {
	t.Parallel()
	pub, err := keys.ParsePublicPEM([]byte(rfc8410Public))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(keys.MarshalPublicPEM(pub), []byte(rfc8410Public)) {
		t.Errorf("public key written as\n%s", keys.MarshalPublicPEM(pub))
	}
	for name, text := range map[string]string{"private key": rfc8410Private, "with attributes and public key": rfc8410WithPublic} {
		key, err := keys.ParsePrivatePEM([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if key.Public() != pub {
			t.Errorf("%s: public key %x, want %x", name, key.Public(), pub)
		}
		if got := keys.MarshalPrivatePEM(key); string(got) != rfc8410Private {
			t.Errorf("%s: written as\n%s", name, got)
		}
	}
}

func TestAKeyFileSurvivesWindowsLineEndsAndSurroundingText(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"CRLF":                      strings.ReplaceAll(rfc8410Private, "\n", "\r\n"),
		"text before":               "Key of Alice\n" + rfc8410Private,
		"text after, as with -text": rfc8410Private + "ED25519 Private-Key:\npriv:\n    d4:ee\n",
		"no newline at the end":     strings.TrimSuffix(rfc8410Private, "\n"),
	} {
		if _, err := keys.ParsePrivatePEM([]byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAWrongKeyFileSaysWhatItIsAndWhatToDo(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8 := func(k any) []byte {
		der, err := x509.MarshalPKCS8PrivateKey(k)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	ecSEC1, err := x509.MarshalECPrivateKey(ecKey)
	if err != nil {
		t.Fatal(err)
	}
	der, _ := pem.Decode([]byte(rfc8410Private))
	withPublic, _ := pem.Decode([]byte(rfc8410WithPublic))
	wrongPublic := bytes.Clone(withPublic.Bytes)
	wrongPublic[len(wrongPublic)-1] ^= 1
	badVersion := bytes.Clone(der.Bytes)
	badVersion[4] = 2
	shortSeed := unhex(t, "302d020100300506032b65700421041f"+strings.Repeat("ab", 31))
	withParameters := unhex(t, "3030020100300706032b65700500042204"+"20"+strings.Repeat("ab", 32))
	x25519 := bytes.Replace(der.Bytes, unhex(t, "2b6570"), unhex(t, "2b656e"), 1)
	unknown := bytes.Replace(der.Bytes, unhex(t, "2b6570"), unhex(t, "2b6501"), 1)

	cases := []struct {
		name, text string
		want       error
		says       string
	}{
		{"an empty file", " \n", keys.ErrNotPEM, "it is empty"},
		{"a text", "hello\n", keys.ErrNotPEM, "openssl genpkey -algorithm ed25519"},
		{"DER", string(der.Bytes), keys.ErrNotPEM, "openssl pkey -inform DER"},
		{"a cut file", rfc8410Private[:60], keys.ErrNotPEM, "BEGIN…END"},
		{"a file of 17 KiB", strings.Repeat("x", 17<<10), keys.ErrTooLarge, "right file?"},
		{"an encrypted key", block("ENCRYPTED PRIVATE KEY", []byte{1}), keys.ErrEncrypted, "openssl pkey -in FILE"},
		{"an old-style encrypted key", "-----BEGIN PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAQ==\n-----END PRIVATE KEY-----\n", keys.ErrEncrypted, "decrypt it"},
		{"headers", "-----BEGIN PRIVATE KEY-----\nComment: mine\n\nAQ==\n-----END PRIVATE KEY-----\n", keys.ErrMalformed, "headers"},
		{"a public key", rfc8410Public, keys.ErrPublicNotPrivate, "-----BEGIN PRIVATE KEY-----"},
		{"an RSA public key", block("RSA PUBLIC KEY", []byte{1}), keys.ErrPublicNotPrivate, "-----BEGIN PRIVATE KEY-----"},
		{"an RSA key in PKCS#1", block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), keys.ErrWrongAlgorithm, "RSA"},
		{"an RSA key in PKCS#8", block("PRIVATE KEY", pkcs8(rsaKey)), keys.ErrWrongAlgorithm, "it is RSA"},
		{"an EC key in SEC 1", block("EC PRIVATE KEY", ecSEC1), keys.ErrWrongAlgorithm, "EC PRIVATE KEY"},
		{"an EC key after its parameters", block("EC PARAMETERS", []byte{6}) + block("EC PRIVATE KEY", ecSEC1), keys.ErrWrongAlgorithm, "EC PARAMETERS"},
		{"an EC key in PKCS#8", block("PRIVATE KEY", pkcs8(ecKey)), keys.ErrWrongAlgorithm, "elliptic curve"},
		{"an X25519 key", block("PRIVATE KEY", x25519), keys.ErrWrongAlgorithm, "X25519"},
		{"an unknown algorithm", block("PRIVATE KEY", unknown), keys.ErrWrongAlgorithm, "1.3.101.1"},
		{"an OpenSSH key", block("OPENSSH PRIVATE KEY", []byte{1}), keys.ErrWrongFormat, "OpenSSH"},
		{"a certificate", block("CERTIFICATE", []byte{1}), keys.ErrWrongFormat, "CERTIFICATE"},
		{"two keys", rfc8410Private + rfc8410Private, keys.ErrMalformed, "two PEM blocks"},
		{"damaged PKCS#8", block("PRIVATE KEY", der.Bytes[:40]), keys.ErrMalformed, "damaged"},
		{"bytes after PKCS#8", block("PRIVATE KEY", append(bytes.Clone(der.Bytes), 0)), keys.ErrMalformed, "damaged"},
		{"an unknown version", block("PRIVATE KEY", badVersion), keys.ErrMalformed, "version 2"},
		{"a seed of 31 bytes", block("PRIVATE KEY", shortSeed), keys.ErrMalformed, "32 bytes"},
		{"algorithm parameters", block("PRIVATE KEY", withParameters), keys.ErrMalformed, "parameters"},
		{"another key's public key", block("PRIVATE KEY", wrongPublic), keys.ErrMalformed, "not the one of its private key"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := keys.ParsePrivatePEM([]byte(c.text))
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got  %v\nwant %q, saying %q", err, c.want, c.says)
			}
		})
	}
}

func TestAWrongPublicKeyFileSaysWhatItIs(t *testing.T) {
	t.Parallel()
	der, _ := pem.Decode([]byte(rfc8410Public))
	identity := bytes.Clone(der.Bytes)
	copy(identity[12:], append([]byte{1}, make([]byte, 31)...))
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"a private key":      {rfc8410Private, keys.ErrPrivateNotPublic},
		"an RSA public key":  {block("RSA PUBLIC KEY", []byte{1}), keys.ErrWrongAlgorithm},
		"a certificate":      {block("CERTIFICATE", []byte{1}), keys.ErrWrongFormat},
		"damaged":            {block("PUBLIC KEY", der.Bytes[:20]), keys.ErrMalformed},
		"31 bytes":           {block("PUBLIC KEY", unhex(t, "3029300506032b6570032000"+strings.Repeat("ab", 31))), keys.ErrMalformed},
		"the identity point": {block("PUBLIC KEY", identity), keys.ErrSmallOrder},
		"nothing":            {"", keys.ErrNotPEM},
	} {
		if _, err := keys.ParsePublicPEM([]byte(c.text)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestOpenSSLAndWeReadEachOther(t *testing.T) {
	t.Parallel()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("no openssl on PATH; the RFC 8410 vectors cover the format")
	}
	run := func(stdin []byte, args ...string) []byte {
		t.Helper()
		cmd := exec.Command(openssl, args...)
		cmd.Stdin = bytes.NewReader(stdin)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("openssl %s: %v", strings.Join(args, " "), err)
		}
		return out
	}
	theirs := run(nil, "genpkey", "-algorithm", "ed25519")
	key, err := keys.ParsePrivatePEM(theirs)
	if err != nil {
		t.Fatalf("a key openssl made: %v", err)
	}
	if got := keys.MarshalPrivatePEM(key); !bytes.Equal(got, theirs) {
		t.Error("we write openssl's key in another form than openssl")
	}
	ours := keyOf(9)
	if got := run(keys.MarshalPrivatePEM(ours), "pkey", "-pubout"); !bytes.Equal(got, keys.MarshalPublicPEM(ours.Public())) {
		t.Errorf("openssl says of our key that its public key is\n%s", got)
	}
	if _, err := keys.ParsePrivatePEM(run(nil, "genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:x")); !errors.Is(err, keys.ErrEncrypted) {
		t.Errorf("a key openssl encrypted: %v, want ErrEncrypted", err)
	}
}

func FuzzParsePrivatePEM(f *testing.F) {
	f.Add([]byte(rfc8410Private))
	f.Add([]byte(rfc8410WithPublic))
	f.Add([]byte(rfc8410Public))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n-----END PRIVATE KEY-----"))
	f.Fuzz(func(t *testing.T, data []byte) {
		key, err := keys.ParsePrivatePEM(data)
		if err != nil {
			if !key.IsZero() {
				t.Fatal("a key came with an error")
			}
			return
		}
		again, err := keys.ParsePrivatePEM(keys.MarshalPrivatePEM(key))
		if err != nil || again.Seed() != key.Seed() {
			t.Fatalf("key %s does not survive being written: %v", hex.EncodeToString(data), err)
		}
	})
}
