package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/spf13/cobra"

	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/signer"
)

// signState is the name of the sign-state in a validator directory.
const signState = "sign-state"

func newKeysInstall() *cobra.Command {
	var from, dataDir string
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Put keys that were made elsewhere into a node's data directory",
		Long: `Put keys that were made elsewhere into the data directory of a node that does not run. The directory --from holds
account.pem, consensus.pem, vrf.pem and node.pem, and, if these keys have ever signed, their sign-state: without it a key
could contradict what it signed before.

Safe to repeat: what is there already and is the same stays as it is, with its sign-state; another key there is an error.`,
		Example: "  posnet keys install --from /etc/posnet/keys --data-dir /var/lib/posnet/node",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := install(from, dataDir); err != nil {
				return fmt.Errorf("install keys: %w", err)
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "keys are in place in "+dataDir)
			return err
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "`directory` with the keys")
	cmd.Flags().StringVar(&dataDir, "data-dir", "posnet-data", "data `directory` of the node")
	_ = cmd.MarkFlagRequired("from")
	return cmd
}

// install copies in an order that makes a crash harmless: a node starts only
// with all of it, and repeating goes on where it stopped. The validator
// directory, which decides whether anything is signed, appears last and whole.
func install(from, dataDir string) error {
	if err := os.MkdirAll(dataDir, 0o700); err != nil {
		return err
	}
	var consensus, vrf keys.PrivateKey
	for _, f := range []struct {
		name string
		into *keys.PrivateKey
	}{{"account.pem", nil}, {"node.pem", nil}, {"consensus.pem", &consensus}, {"vrf.pem", &vrf}} {
		key, err := loadQuietly(filepath.Join(from, f.name))
		if err != nil {
			return err
		}
		if f.into != nil {
			*f.into = key
			continue
		}
		if err := placeKey(filepath.Join(dataDir, f.name), key); err != nil {
			return err
		}
	}
	return placeValidator(filepath.Join(dataDir, "validator"), from, consensus, vrf)
}

// loadQuietly reads a key whose file others may read, as a mounted Secret's is.
func loadQuietly(path string) (keys.PrivateKey, error) {
	key, _, err := keys.LoadPrivateFile(path)
	return key, err
}

func placeKey(path string, key keys.PrivateKey) error {
	err := keys.SavePrivateFile(path, key)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	there, err := loadQuietly(path)
	if err != nil {
		return err
	}
	if there.Public() != key.Public() {
		return fmt.Errorf("%s holds another key: this data directory belongs to another node", path)
	}
	return nil
}

func placeValidator(dir, from string, consensus, vrf keys.PrivateKey) error {
	if _, err := os.Stat(dir); err == nil {
		return sameValidator(dir, consensus, vrf)
	}
	if _, err := os.Stat(filepath.Join(from, signState)); errors.Is(err, fs.ErrNotExist) {
		return signer.Create(vfs.Default, dir, consensus, vrf)
	} else if err != nil {
		return err
	}
	tmp := dir + ".install"
	if err := os.RemoveAll(tmp); err != nil {
		return err
	}
	if err := os.Mkdir(tmp, 0o700); err != nil {
		return err
	}
	if err := errors.Join(
		copyFile(filepath.Join(from, signState), filepath.Join(tmp, signState)),
		keys.SavePrivateFile(filepath.Join(tmp, "consensus.pem"), consensus),
		keys.SavePrivateFile(filepath.Join(tmp, "vrf.pem"), vrf),
	); err != nil {
		return err
	}
	s, err := signer.Open(vfs.Default, tmp) // refuses the sign-state of other keys, and a damaged one
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	return os.Rename(tmp, dir)
}

// sameValidator checks that the directory is of these keys.
func sameValidator(dir string, consensus, vrf keys.PrivateKey) error {
	for name, key := range map[string]keys.PrivateKey{"consensus.pem": consensus, "vrf.pem": vrf} {
		there, err := loadQuietly(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if there.Public() != key.Public() {
			return fmt.Errorf("%s holds another %s: this data directory belongs to another validator", dir, name)
		}
	}
	return nil
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}
