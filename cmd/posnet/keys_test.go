package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/signer"
)

func TestKeysAreMadeShownAndNeverOverwrittenOrPrinted(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a.pem")
	out := must(t, "keys", "generate", "--out", file)
	key, _, err := keys.LoadPrivateFile(file)
	if err != nil {
		t.Fatal(err)
	}
	address := chain.Address(key.Public()).String()
	shows(t, out, address)
	if got := strings.TrimSpace(must(t, "keys", "show", file, "--address")); got != address {
		t.Errorf("show says %s, want %s", got, address)
	}
	seed := key.Seed()
	for _, text := range []string{out, must(t, "keys", "show", file), must(t, "keys", "show", file, "-o", "json")} {
		if strings.Contains(text, hex.EncodeToString(seed[:])) || strings.Contains(text, "PRIVATE") {
			t.Errorf("a private key was printed:\n%s", text)
		}
	}
	refused(t, "exist", "keys", "generate", "--out", file)
	refused(t, "--output", "keys", "show", file, "-o", "yaml")
	public := filepath.Join(t.TempDir(), "pub.pem")
	if err := os.WriteFile(public, keys.MarshalPublicPEM(key.Public()), 0o600); err != nil {
		t.Fatal(err)
	}
	shows(t, must(t, "keys", "show", public), address)
}

func TestKeysMadeElsewhereAreImported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pub, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private) // the bytes that openssl genpkey writes
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	want := chain.Address(pub).String()
	pemFile := write("in.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	shows(t, must(t, "keys", "import", pemFile, "--out", filepath.Join(dir, "1.pem")), want)
	seedFile := write("seed", []byte(hex.EncodeToString(private.Seed())+"\n"))
	shows(t, must(t, "keys", "import", seedFile, "--seed", "--out", filepath.Join(dir, "2.pem")), want)
	refused(t, "hexadecimal", "keys", "import", write("x", []byte("12")), "--seed", "--out", filepath.Join(dir, "3.pem"))
	refused(t, "PEM", "keys", "import", seedFile, "--out", filepath.Join(dir, "3.pem"))
}

// brought makes a directory of keys as a Secret has them.
func brought(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"account", "consensus", "vrf", "node"} {
		must(t, "keys", "generate", "--out", filepath.Join(dir, name+".pem"))
	}
	return dir
}

func TestBroughtKeysAreInstalledOnceAndOnlyTheirs(t *testing.T) {
	t.Parallel()
	from, data := brought(t), filepath.Join(t.TempDir(), "node")
	install := []string{"keys", "install", "--from", from, "--data-dir", data}
	must(t, install...)
	s, err := signer.Open(vfs.Default, filepath.Join(data, "validator"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sign(signer.Request{}); err == nil {
		t.Error("an empty request was signed")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	must(t, install...) // as at every start of a pod
	refused(t, "another", "keys", "install", "--from", brought(t), "--data-dir", data)
	if err := os.Remove(filepath.Join(from, "vrf.pem")); err != nil {
		t.Fatal(err)
	}
	refused(t, "vrf.pem", install...)
}

func TestSignStateComesAlongWithItsKeysOnly(t *testing.T) {
	t.Parallel()
	from, first := brought(t), filepath.Join(t.TempDir(), "first")
	must(t, "keys", "install", "--from", from, "--data-dir", first)
	move := func(to string) {
		b, err := os.ReadFile(filepath.Join(first, "validator", signState))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, signState), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	move(from)
	second := filepath.Join(t.TempDir(), "second")
	must(t, "keys", "install", "--from", from, "--data-dir", second)
	s, err := signer.Open(vfs.Default, filepath.Join(second, "validator"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	other := brought(t)
	move(other)
	third := filepath.Join(t.TempDir(), "third")
	if _, err := posnet(t, "keys", "install", "--from", other, "--data-dir", third); err == nil {
		t.Error("the sign-state of other keys was taken")
	}
	if _, err := os.Stat(filepath.Join(third, "validator")); err == nil {
		t.Error("a refused installation left a validator directory")
	}
}
