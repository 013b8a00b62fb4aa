package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/ledger"
)

func newGenesisCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "genesis",
		Short: "Make and read the file a network begins with",
		Example: `  posnet genesis create --validator n0=25 --account faucet.pem=1000
  posnet genesis show genesis.json`,
	}
	cmd.AddCommand(newGenesisCreate(), newGenesisShow(), newGenesisHash())
	return cmd
}

func newGenesisCreate() *cobra.Command {
	var (
		chainID, out         string
		validators, accounts []string
	)
	params := chain.DefaultParams()
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make a genesis from the identities of its validators",
		Long: `Make a genesis from the identities of its validators: the identity.json that 'posnet init' writes, or the data directory
it is in. The keys' proofs of possession are checked. POS after the = are bonded by the validator to itself; without them
the validator is registered without stake.`,
		Example: `  posnet init --data-dir n0
  posnet init --data-dir n1
  posnet keys generate --out faucet.pem
  posnet genesis create --validator n0=25 --validator n1 --account faucet.pem=1000 --out genesis.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			g := &chain.Genesis{ChainID: chainID, Time: uint64(time.Now().UnixMilli()), Params: params}
			for _, v := range validators {
				if err := addValidator(g, v); err != nil {
					return fmt.Errorf("--validator %s: %w", v, err)
				}
			}
			for _, a := range accounts {
				if err := addAccount(cmd, g, a); err != nil {
					return fmt.Errorf("--account %s: %w", a, err)
				}
			}
			return writeGenesis(cmd.OutOrStdout(), g, out)
		},
	}
	f := cmd.Flags()
	f.StringVar(&chainID, "chain-id", "posnet", "name of the chain, for people")
	f.StringVar(&out, "out", "genesis.json", "`file` to make; an existing one is never overwritten")
	f.StringArrayVar(&validators, "validator", nil, "a validator as `DIR[=POS]`: its data directory or identity file, and its stake; repeat")
	f.StringArrayVar(&accounts, "account", nil, "an opening balance as `ACCOUNT=POS`: an address or key file, and how much; repeat")
	addParamFlags(f, &params)
	return cmd
}

// addParamFlags are the rules a person may want to choose.
func addParamFlags(f *pflag.FlagSet, p *chain.Params) {
	f.Uint64Var(&p.MinTxs, "min-txs", p.MinTxs, "transactions that make a block due")
	f.Uint64Var(&p.MaxTxs, "max-txs", p.MaxTxs, "most transactions in a block")
	f.Var(millis{&p.MaxIdle}, "max-idle", "a block is due this long after the last, empty if need be; 0: never")
	f.Var(amount{&p.MinFee}, "min-fee", "least fee of a transaction, in `POS`")
	f.Var(amount{&p.BlockReward}, "block-reward", "`POS` made for the forger of each block")
	f.Uint64Var(&p.SetDelay, "set-delay", p.SetDelay, "`blocks` after which a change of stake counts")
}

// millis is a flag with a duration that the chain keeps in milliseconds.
type millis struct{ v *uint64 }

func (m millis) String() string {
	if m.v == nil {
		return "0s"
	}
	return (time.Duration(*m.v) * time.Millisecond).String()
}
func (m millis) Type() string { return "duration" }
func (m millis) Set(s string) error {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return errors.New("write a time such as 500ms or 10s; 0 for never")
	}
	*m.v = uint64(d.Milliseconds())
	return nil
}

// amount is a flag in POS.
type amount struct{ v *uint64 }

func (a amount) String() string {
	if a.v == nil {
		return "0"
	}
	return chain.FormatPOS(*a.v)
}
func (a amount) Type() string { return "POS" }
func (a amount) Set(s string) (err error) {
	*a.v, err = chain.ParsePOS(s)
	return err
}

func addValidator(g *chain.Genesis, arg string) error {
	path, stake, staked := strings.Cut(arg, "=")
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, identityFile)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the identity (posnet init makes one): %w", err)
	}
	var id chain.Identity
	if err := json.Unmarshal(b, &id); err != nil {
		return fmt.Errorf("%s is no identity: %w", path, err)
	}
	msg := chain.IdentityMessage(&id)
	for _, p := range []struct {
		key   [32]byte
		proof chain.Signature
	}{{id.Address, id.AccountProof}, {id.Keys.Consensus, id.ConsensusProof}, {id.Keys.VRF, id.VRFProof}, {id.Keys.Peer, id.PeerProof}} {
		if !keys.Verify(p.key, msg, p.proof) {
			return fmt.Errorf("%s was altered: a key has no proof of possession", path)
		}
	}
	g.Validators = append(g.Validators, chain.GenesisValidator{Address: id.Address, Keys: id.Keys})
	if !staked {
		return nil
	}
	units, err := chain.ParsePOS(stake)
	if err != nil {
		return err
	}
	g.Bonds = append(g.Bonds, chain.GenesisBond{Staker: id.Address, Validator: id.Address, Amount: units})
	return nil
}

func addAccount(cmd *cobra.Command, g *chain.Genesis, arg string) error {
	who, balance, ok := strings.Cut(arg, "=")
	if !ok {
		return errors.New("write it as ACCOUNT=POS")
	}
	units, err := chain.ParsePOS(balance)
	if err != nil {
		return err
	}
	addr, err := readAddress(cmd, who)
	if err != nil {
		return err
	}
	g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: addr, Balance: units})
	return nil
}

// sortGenesis brings the lists into their order.
func sortGenesis(g *chain.Genesis) {
	slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return bytes.Compare(a.Address[:], b.Address[:]) })
	slices.SortFunc(g.Validators, func(a, b chain.GenesisValidator) int { return bytes.Compare(a.Address[:], b.Address[:]) })
	slices.SortFunc(g.Bonds, func(a, b chain.GenesisBond) int {
		if c := bytes.Compare(a.Validator[:], b.Validator[:]); c != 0 {
			return c
		}
		return bytes.Compare(a.Staker[:], b.Staker[:])
	})
}

func writeGenesis(w io.Writer, g *chain.Genesis, out string) error {
	sortGenesis(g)
	if _, err := ledger.FromGenesis(g); err != nil {
		return err
	}
	file, err := g.MarshalFile()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644) //nolint:gosec // a genesis is public
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("write the genesis: %w; it is never overwritten: choose another --out or move the file away", err)
	}
	if err != nil {
		return fmt.Errorf("write the genesis: %w", err)
	}
	_, err = f.Write(file)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write the genesis: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s: genesis %s\n", out, g.Hash())
	return err
}

func readGenesisFile(path string) (*chain.Genesis, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the genesis: %w", err)
	}
	g, err := chain.ParseGenesis(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return g, nil
}

func newGenesisHash() *cobra.Command {
	return &cobra.Command{
		Use: "hash FILE", Short: "The hash that names the chain", Args: cobra.ExactArgs(1),
		Example: "  posnet genesis hash genesis.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			g, err := readGenesisFile(args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), g.Hash())
			return err
		},
	}
}

func newGenesisShow() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "show FILE", Short: "Who begins with what, and the rules", Args: cobra.ExactArgs(1),
		Example: "  posnet genesis show genesis.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			g, err := readGenesisFile(args[0])
			if err != nil {
				return err
			}
			return render(cmd.OutOrStdout(), output, g, showGenesis)
		},
	}
	addOutputFlag(cmd, &output)
	return cmd
}

// due says when a network's rules let it make a block.
func due(p *chain.Params) string {
	with := "with " + plural(int(p.MinTxs), "transaction")
	if p.MaxIdle == 0 {
		return with + ", never empty"
	}
	return fmt.Sprintf("%s, or after %s", with, millis{&p.MaxIdle})
}

func showGenesis(w io.Writer, g *chain.Genesis) {
	p := g.Params
	row(w, "chain", g.ChainID)
	row(w, "hash", g.Hash())
	row(w, "begins", time.UnixMilli(int64(g.Time)).UTC().Format(time.RFC3339))
	row(w, "a block is due", due(&p))
	row(w, "a block holds", fmt.Sprintf("at most %s, %s", plural(int(p.MaxTxs), "transaction"), plural(int(p.MaxBytes), "byte")))
	row(w, "least fee", chain.FormatPOS(p.MinFee)+" POS")
	row(w, "block reward", chain.FormatPOS(p.BlockReward)+" POS")
	row(w, "stake counts after", plural(int(p.SetDelay), "block"))
	_, _ = fmt.Fprintln(w)
	row(w, "VALIDATOR", "STAKE")
	for _, v := range g.Validators {
		sum := uint64(0)
		for _, b := range g.Bonds {
			if b.Validator == v.Address {
				sum += b.Amount
			}
		}
		row(w, v.Address, chain.FormatPOS(sum)+" POS")
	}
	_, _ = fmt.Fprintln(w)
	row(w, "ACCOUNT", "BALANCE")
	for _, a := range g.Accounts {
		row(w, a.Address, chain.FormatPOS(a.Balance)+" POS")
	}
}
