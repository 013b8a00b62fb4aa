package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

func newKeysCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Make, show and place keys",
		Long: `Keys are Ed25519 in PKCS#8 PEM files, as openssl makes them:

  openssl genpkey -algorithm ed25519 -out alice.pem

An account's address is its public key, so the same file gives the same address everywhere. No command here ever prints a
private key.`,
		Example: `  posnet keys generate --out alice.pem
  posnet keys show alice.pem`,
	}
	var output string
	addOutputFlag(cmd, &output)
	cmd.AddCommand(newKeysGenerate(&output), newKeysShow(&output), newKeysImport(&output), newKeysInstall(), newKeysResume())
	return cmd
}

// loadKey reads a private key and passes its warning on.
func loadKey(cmd *cobra.Command, path string) (keys.PrivateKey, error) {
	key, warning, err := keys.LoadPrivateFile(path)
	if warning != "" {
		_, _ = fmt.Fprintln(cmd.ErrOrStderr(), "posnet: warning: "+warning)
	}
	return key, err
}

// shownKey is the public side of a key.
type shownKey struct {
	Address chain.Address   `json:"address"`
	Public  chain.PublicKey `json:"publicKey"`
	File    string          `json:"file,omitempty"`
}

func showKey(w io.Writer, k shownKey) {
	row(w, "address", k.Address)
	row(w, "public key", k.Public)
	if k.File != "" {
		row(w, "file", k.File)
	}
}

func newKeysGenerate(output *string) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:     "generate",
		Short:   "Make a new key",
		Example: "  posnet keys generate --out alice.pem",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			key, err := keys.Generate(nil)
			if err != nil {
				return err
			}
			if err := keys.SavePrivateFile(out, key); err != nil {
				return err
			}
			return render(cmd.OutOrStdout(), *output, shownKey{key.Public(), key.Public(), out}, showKey)
		},
	}
	cmd.Flags().StringVar(&out, "out", "account.pem", "`file` to make; an existing one is never overwritten")
	return cmd
}

func newKeysShow(output *string) *cobra.Command {
	var only bool
	cmd := &cobra.Command{
		Use:   "show FILE",
		Short: "Show a key's address and public key",
		Example: `  posnet keys show alice.pem
  posnet query account $(posnet keys show alice.pem --address)`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			pub, err := readPublic(cmd, args[0])
			if err != nil {
				return err
			}
			if only {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), chain.Address(pub))
				return err
			}
			return render(cmd.OutOrStdout(), *output, shownKey{pub, pub, ""}, showKey)
		},
	}
	cmd.Flags().BoolVar(&only, "address", false, "print the address only")
	return cmd
}

// readPublic takes a file with a private or a public key.
func readPublic(cmd *cobra.Command, path string) ([32]byte, error) {
	if f, err := os.Open(path); err == nil {
		b, err := io.ReadAll(io.LimitReader(f, keys.MaxPEM))
		_ = f.Close()
		if err == nil {
			if pub, err := keys.ParsePublicPEM(b); err == nil {
				return pub, nil
			}
		}
	}
	key, err := loadKey(cmd, path)
	if err != nil {
		return [32]byte{}, err
	}
	return key.Public(), nil
}

// readAddress takes an address, or the name of the key file it belongs to.
func readAddress(cmd *cobra.Command, arg string) (chain.Address, error) {
	addr, err := chain.ParseAddress(arg)
	if err == nil {
		return addr, nil
	}
	if _, statErr := os.Stat(arg); statErr != nil {
		return chain.Address{}, fmt.Errorf("%w; nor is it a key file here", err)
	}
	return readPublic(cmd, arg)
}

func newKeysImport(output *string) *cobra.Command {
	var out string
	var seed bool
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Check a key made elsewhere and keep a copy of it",
		Long: `Check a key made elsewhere and keep a copy that only you can read. FILE is a PKCS#8 PEM file, or with --seed a file
with the 32 secret bytes in hexadecimal; - is the standard input, so that no secret shows in the list of processes.`,
		Example: `  openssl genpkey -algorithm ed25519 | posnet keys import - --out alice.pem
  posnet keys import seed.hex --seed --out alice.pem`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in := cmd.InOrStdin()
			if args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return fmt.Errorf("read the key: %w", err)
				}
				defer func() { _ = f.Close() }()
				in = f
			}
			b, err := io.ReadAll(io.LimitReader(in, keys.MaxPEM+1))
			if err != nil {
				return fmt.Errorf("read the key: %w", err)
			}
			key, err := parseImported(b, seed)
			if err != nil {
				return err
			}
			if err := keys.SavePrivateFile(out, key); err != nil {
				return err
			}
			return render(cmd.OutOrStdout(), *output, shownKey{key.Public(), key.Public(), out}, showKey)
		},
	}
	cmd.Flags().StringVar(&out, "out", "account.pem", "`file` to make; an existing one is never overwritten")
	cmd.Flags().BoolVar(&seed, "seed", false, "FILE holds 64 hexadecimal digits, not PEM")
	return cmd
}

func parseImported(b []byte, seed bool) (keys.PrivateKey, error) {
	if !seed {
		return keys.ParsePrivatePEM(b)
	}
	var raw [keys.SeedSize]byte
	text := bytes.TrimSpace(b)
	if len(text) != 2*len(raw) {
		return keys.PrivateKey{}, fmt.Errorf("a seed is %d hexadecimal digits, this has %d characters", 2*len(raw), len(text))
	}
	if _, err := hex.Decode(raw[:], text); err != nil {
		return keys.PrivateKey{}, fmt.Errorf("the seed is not hexadecimal") // the decoder's error would quote a part of it
	}
	return keys.FromSeed(raw), nil
}
