package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/hostile"
	"github.com/posnet/posnet/node/keys"
)

// FuzzSettings reads a settings file into the flags of a command, as a person
// wrote it, or as an attacker who may write ConfigMaps did.
func FuzzSettings(f *testing.F) {
	for _, s := range []string{
		"data-dir: /var/lib/posnet\nlog-level: debug\n", "peers: [a, b]\n", "port: 8050", "port: 1e300", "port: .nan", "x: {y: 1}", "a: &a [*a, *a]", "null", "- 1",
		"a: &a [1,1,1,1]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\npeers: *c", "\xff", "{", "port: \"8050\"", "? [a]: b",
	} {
		f.Add([]byte(s))
	}
	path := filepath.Join(f.TempDir(), "settings.yaml")
	f.Fuzz(func(t *testing.T, in []byte) {
		if err := os.WriteFile(path, in, 0o600); err != nil {
			t.Fatal(err)
		}
		flags := pflag.NewFlagSet("posnet", pflag.ContinueOnError)
		flags.String("data-dir", "", "")
		flags.String("log-level", "info", "")
		flags.StringSlice("peers", nil, "")
		port := flags.Uint16("port", 1, "")
		if err := fillFlags(flags, path, func(string) (string, bool) { return "", false }); err == nil && flags.Changed("port") && *port == 1 {
			if v, _ := readSettings(path); v["port"] != "1" {
				t.Fatalf("port is %q in the file and was not set", v["port"])
			}
		}
	})
}

// FuzzArguments gives what is typed, or stands in a file that is named, to every
// reader of it.
func FuzzArguments(f *testing.F) {
	dir := f.TempDir()
	path := filepath.Join(dir, "file")
	key := keys.FromSeed([32]byte{1})
	for _, s := range []string{
		chain.Address(key.Public()).String(), "posnet-validator-3", "posnet-", "-1", "file=25", "25.5", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		string(keys.MarshalPrivatePEM(key)), string(keys.MarshalPublicPEM(key.Public())), `{"networkUID":"","ordinal":0}`, "{}", "",
	} {
		f.Add([]byte(s))
	}
	cmd := &cobra.Command{}
	f.Fuzz(func(t *testing.T, in []byte) {
		if n, err := podOrdinal(string(in)); err == nil && n > 1<<32 {
			t.Fatalf("%q is ordinal %d", in, n)
		}
		for _, seed := range []bool{false, true} {
			if k, err := parseImported(in, seed); (err == nil) == k.IsZero() {
				t.Fatalf("%q: key %v, error %v", in, !k.IsZero(), err)
			}
		}
		if err := os.WriteFile(path, in, 0o600); err != nil {
			t.Fatal(err)
		}
		if pub, err := readPublic(cmd, path); err == nil && keys.CheckPublicKey(pub) != nil {
			t.Fatalf("%q holds a key that nobody may use: %x", in, pub)
		}
		if _, err := readGenesisFile(path); err == nil {
			if _, err := chain.ParseGenesis(in); err != nil {
				t.Fatalf("a genesis file is read that is none: %v", err)
			}
		}
		if err := addValidator(&chain.Genesis{}, path); err == nil {
			t.Log("an identity with all its proofs")
		}
		if len(in) < 200 { // a name that a person types
			_, _ = readAddress(cmd, filepath.Join(dir, "none", filepath.Base(string(in))))
		}
	})
}

// seedReader is the import of a key as a seed; PEM is held against lies in node/keys.
func seedReader() hostile.Reader {
	return hostile.Reader{
		Name: "seed", Spoil: hostile.SpoilBytes, Samples: [][]byte{[]byte("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\n")},
		Read: func(b []byte) (any, error) { return parseImported(b, true) },
	}
}

func TestImportedSeedsHoldAgainstHostileInput(t *testing.T) { // measures memory: not in parallel
	r := seedReader()
	r.Hold(t)
}
