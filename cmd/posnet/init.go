package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/posnet/posnet/node"
	"github.com/posnet/posnet/node/chain"
)

// identityFile is where init leaves the public side of a node's keys.
const identityFile = "identity.json"

func newInitCommand() *cobra.Command {
	cfg := node.DefaultConfig()
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make a node's keys, for a network set up by hand",
		Long: `Make a data directory with a node's keys, and in it identity.json: their public halves, each with a proof that it is
held. 'posnet genesis create' takes these identities; the keys stay where they are. Safe to repeat.`,
		Example: `  # a network of three by hand: a validator, a validator still without stake, and a node with the key you made;
  # each 'posnet node' in a terminal of its own
  posnet init --data-dir n0 && posnet init --data-dir n1
  openssl genpkey -algorithm ed25519 -out my.pem
  posnet keys generate --out faucet.pem
  posnet genesis create --validator n0=25 --validator n1 --account faucet.pem=1000 --min-txs 2 --max-txs 2 --max-idle 0 --set-delay 2
  posnet node --data-dir n0 --genesis genesis.json --api-port 8050 --node-port 8010 --private-port 9464
  posnet node --data-dir n1 --genesis genesis.json --api-port 8051 --node-port 8011 --private-port 9465 --peers 127.0.0.1:8050
  posnet node --data-dir n2 --genesis genesis.json --api-port 8052 --node-port 8012 --private-port 9466 --peers 127.0.0.1:8050 --key-file my.pem
  posnet sample --faucet-key faucet.pem --node http://127.0.0.1:8050,http://127.0.0.1:8051,http://127.0.0.1:8052`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			id, err := initNode(cfg)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: keys of %s; give %s to whoever makes the genesis\n",
				cfg.DataDir, id.Address, filepath.Join(cfg.DataDir, identityFile))
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&cfg.DataDir, "data-dir", cfg.DataDir, "`directory` to make")
	f.StringVar(&cfg.KeyFile, "key-file", "", "account key `file` to use instead of a new one")
	f.StringVar(&cfg.NetworkUID, "network-uid", "", "UID of the network, part of the identity")
	f.Uint64Var(&cfg.Ordinal, "ordinal", 0, "number of the node, part of the identity")
	return cmd
}

// initNode makes or opens the keys of a data directory and leaves its identity
// there.
func initNode(cfg node.Config) (*chain.Identity, error) {
	id, err := node.OpenIdentity(&cfg, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		return nil, err
	}
	public := id.Public
	if err := id.Close(); err != nil {
		return nil, err
	}
	b, err := json.MarshalIndent(&public, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the identity: %w", err)
	}
	path := filepath.Join(cfg.DataDir, identityFile)
	if there, err := os.ReadFile(path); err == nil && string(there) == string(b)+"\n" {
		return &public, nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the identity: %w", err)
	}
	if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil { //nolint:gosec // public keys and proofs
		return nil, fmt.Errorf("write the identity: %w", err)
	}
	return &public, nil
}
