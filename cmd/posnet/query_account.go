package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
	"github.com/posnet/posnet/node/httpapi/client"
)

// account is an account as it is shown: what the node says, or what it proved.
type account struct {
	*api.Account
	Verified string `json:"verified,omitempty"` // what the proof stands on
}

func queryAccount(r *remote) *cobra.Command {
	var verify bool
	var genesisFile string
	cmd := &cobra.Command{
		Use:   "account ADDRESS|KEYFILE",
		Short: "Balance, nonce and stake of an account",
		Long: `Balance, nonce and stake of an account, as the node says.

With --verify balance and nonce are not believed but proven: a Merkle proof leads from the account to the state root of a
block, more than two thirds of the stake signed that block, and the validators follow from the genesis. Give the genesis you
trust with --genesis; without it the node's own is taken, whose hash is shown for you to compare.`,
		Example: `  posnet query account pos1…
  posnet query account alice.pem --verify --genesis genesis.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			addr, err := readAddress(cmd, args[0])
			if err != nil {
				return err
			}
			return ask(r, cmd, func(ctx context.Context, c *client.Client) (account, error) {
				if !verify {
					a, err := c.Account(ctx, addr, false)
					return account{Account: a}, err
				}
				return verifiedAccount(ctx, cmd, c, addr, genesisFile)
			}, showAccount)
		},
	}
	cmd.Flags().BoolVar(&verify, "verify", false, "prove balance and nonce against the validators' signatures")
	cmd.Flags().StringVar(&genesisFile, "genesis", "", "genesis `file` to trust")
	return cmd
}

func showAccount(w io.Writer, a account) {
	row(w, "address", a.Address)
	row(w, "balance", pos(a.Balance))
	row(w, "bonded", pos(a.Stake.Bonded))
	row(w, "nonce", fmt.Sprintf("%d (next %d)", a.Nonce, a.NextNonce))
	row(w, "at height", a.Height)
	if a.Verified != "" {
		row(w, "verified", a.Verified)
	}
}

func verifiedAccount(ctx context.Context, cmd *cobra.Command, c *client.Client, addr chain.Address, genesisFile string) (account, error) {
	g, err := trustedGenesis(ctx, c, genesisFile)
	if err != nil {
		return account{}, err
	}
	a, err := c.Account(ctx, addr, true)
	if err != nil {
		return account{}, err
	}
	if a.Proof == nil || a.Address != addr {
		return account{}, fmt.Errorf("the node gave no proof of %s", addr)
	}
	set, err := c.TrustedSet(ctx, g, a.Proof.Height, a.Proof.Header.Set, func(h uint64) {
		if h%1000 == 0 {
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "posnet: checked the validators up to height %d\n", h)
		}
	})
	if err != nil {
		return account{}, err
	}
	proven, err := client.VerifyAccount(g.Hash(), set, a)
	if err != nil {
		return account{}, err
	}
	a.Balance, a.Nonce, a.Height = api.Units(proven.Balance), proven.Nonce, a.Proof.Height
	return account{Account: a, Verified: fmt.Sprintf("balance and nonce, by %s on block %d of genesis %s",
		plural(len(a.Proof.Certificate.Signatures), "signature"), a.Proof.Height, g.Hash())}, nil
}

// trustedGenesis is the given file, or what the node serves.
func trustedGenesis(ctx context.Context, c *client.Client, file string) (*chain.Genesis, error) {
	if file == "" {
		g, _, err := c.Genesis(ctx)
		return g, err
	}
	return readGenesisFile(file)
}
