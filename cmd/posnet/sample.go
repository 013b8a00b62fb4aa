package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
	"github.com/posnet/posnet/node/httpapi/client"
	"github.com/posnet/posnet/node/keys"
)

// sample is the original demonstration: seven transactions.
type sample struct {
	*remote
	faucetFile string

	out     io.Writer
	clients []*client.Client
	genesis *chain.Genesis
	hash    chain.Hash
	nonces  map[chain.Address]uint64
}

func newSampleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sample",
		Short: "Send the original demonstration's seven transactions",
		Long: `Send the original demonstration's seven transactions: the faucet funds three new accounts, one of them stakes 25 POS on a
validator, and another makes three transfers of 1 POS.

On a network where a block is due with two transactions, holds two, and is never empty (minTxs 2, maxTxs 2, maxIdle 0: a
'posnet devnet --seed-roles') that makes exactly three blocks and leaves one transaction waiting, on every node: all nodes
given with --node are checked. On any other network all seven become final.`,
		Example: `  posnet devnet --seed-roles
  posnet sample --faucet-key /tmp/posnet-devnet-…/faucet.pem --node http://127.0.0.1:8050,http://127.0.0.1:8051,http://127.0.0.1:8052`,
		Args: cobra.NoArgs,
	}
	s := &sample{remote: addRemoteFlags(cmd), nonces: map[chain.Address]uint64{}}
	cmd.Flags().StringVar(&s.faucetFile, "faucet-key", os.Getenv("POSNET_FAUCET_KEY"), "key `file` of the account that pays for it (or POSNET_FAUCET_KEY)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if s.faucetFile == "" {
			return errors.New("no faucet key: give --faucet-key FILE (a devnet prints where it is)")
		}
		faucet, err := loadKey(cmd, s.faucetFile)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeoutCause(cmd.Context(), s.timeout, fmt.Errorf("not done within --timeout %s", s.timeout))
		defer cancel()
		for _, address := range s.nodes {
			c, err := client.New(address, nil)
			if err != nil {
				return err
			}
			defer c.Close()
			s.clients = append(s.clients, c)
		}
		s.out = cmd.OutOrStdout()
		if s.output == "json" {
			s.out = io.Discard
		}
		result, err := s.run(ctx, faucet)
		if err != nil {
			return err
		}
		return render(cmd.OutOrStdout(), s.output, result, showSample)
	}
	return cmd
}

// sampled is what came of it.
type sampled struct {
	Nodes   int                `json:"nodes"`
	Blocks  []api.BlockSummary `json:"blocks"` // newest first
	Waiting int                `json:"waiting"`
	Pending []api.Tx           `json:"pending"`
}

func showSample(w io.Writer, r *sampled) {
	_, _ = fmt.Fprintf(w, "\n%s and %s waiting, the same on %s\n", plural(len(r.Blocks), "block"), plural(r.Waiting, "transaction"), plural(r.Nodes, "node"))
	showBlocks(w, r.Blocks)
	showTxs(w, r.Pending)
}

func (s *sample) run(ctx context.Context, faucet keys.PrivateKey) (*sampled, error) {
	c := s.clients[0]
	var err error
	if s.genesis, _, err = c.Genesis(ctx); err != nil {
		return nil, err
	}
	s.hash = s.genesis.Hash()
	before, err := c.Status(ctx)
	if err != nil {
		return nil, err
	}
	if before.Mempool.Transactions > 0 {
		return nil, fmt.Errorf("%s waiting already: the sample needs an empty pool to count", plural(before.Mempool.Transactions, "transaction"))
	}
	target, err := s.target(ctx)
	if err != nil {
		return nil, err
	}
	people := map[string]keys.PrivateKey{}
	for _, name := range []string{"alice", "staker", "bob"} {
		if people[name], err = keys.Generate(nil); err != nil {
			return nil, err
		}
	}
	alice, staker, bob := people["alice"], people["staker"], people["bob"]
	// In pairs, each final before the next: the second spends what the first
	// brought, and a node takes in only what can be paid.
	steps := [][]step{
		{{"fund alice", faucet, chain.TxTransfer, alice.Public(), 100}, {"fund staker", faucet, chain.TxTransfer, staker.Public(), 100}},
		{{"fund bob", faucet, chain.TxTransfer, bob.Public(), 100}, {"staker stakes", staker, chain.TxStake, target, 25}},
		{{"alice to bob", alice, chain.TxTransfer, bob.Public(), 1}, {"alice to bob", alice, chain.TxTransfer, bob.Public(), 1}},
		{{"alice to bob", alice, chain.TxTransfer, bob.Public(), 1}},
	}
	exact := s.genesis.Params.MinTxs == 2 && s.genesis.Params.MaxTxs == 2 && s.genesis.Params.MaxIdle == 0
	for i, pair := range steps {
		last := i == len(steps)-1
		if err := s.send(ctx, pair, !last || !exact); err != nil {
			return nil, err
		}
	}
	blocks, waiting := uint64(3), 1
	if !exact {
		waiting = 0
		tip, err := c.Status(ctx)
		if err != nil {
			return nil, err
		}
		blocks = tip.Height - before.Height
	}
	return s.check(ctx, before.Height, blocks, waiting, exact)
}

// step is one of the seven transactions.
type step struct {
	what string
	from keys.PrivateKey
	kind chain.TxKind
	to   chain.Address
	pos  uint64
}

// send submits transactions and with wait sees them final.
func (s *sample) send(ctx context.Context, steps []step, wait bool) error {
	c := s.clients[0]
	var ids []chain.Hash
	for _, p := range steps {
		from := chain.Address(p.from.Public())
		if _, known := s.nonces[from]; !known {
			a, err := c.Account(ctx, from, false)
			if err != nil {
				return err
			}
			s.nonces[from] = a.NextNonce
		}
		tx := chain.Tx{Kind: p.kind, From: from, Nonce: s.nonces[from], To: p.to, Amount: p.pos * chain.UnitsPerPOS, Fee: s.genesis.Params.MinFee, Memo: []byte(p.what)}
		sent, err := submit(ctx, c, s.hash, p.from, tx, false)
		if err != nil {
			return fmt.Errorf("%s: %w", p.what, err)
		}
		s.nonces[from]++
		ids = append(ids, sent.ID)
		_, _ = fmt.Fprintf(s.out, "sent  %-14s %4d POS  %s\n", p.what, p.pos, sent.ID.Short())
	}
	if !wait {
		return nil
	}
	for _, id := range ids {
		tx, err := c.WaitFinal(ctx, id)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(s.out, "final %s in block %d\n", id.Short(), tx.Height)
	}
	return nil
}

// target is the validator to stake on: one still without stake, as in the
// original, else the one with the least.
func (s *sample) target(ctx context.Context) (chain.Address, error) {
	v, err := s.clients[0].Validators(ctx, 0)
	if err != nil {
		return chain.Address{}, err
	}
	best := -1
	for i, x := range v.Validators {
		if !x.Jailed && (best < 0 || x.Stake < v.Validators[best].Stake) {
			best = i
		}
	}
	if best < 0 {
		return chain.Address{}, errors.New("this network has no validator to stake on")
	}
	return v.Validators[best].Address, nil
}

// check waits until every node shows what it must, and refuses anything else
// that a node has come to.
func (s *sample) check(ctx context.Context, from, blocks uint64, waiting int, exact bool) (*sampled, error) {
	var first *sampled
	for _, c := range s.clients {
		var got *sampled
		err := waitFor(ctx, func() (err error) {
			got, err = look(ctx, c, from, blocks)
			switch {
			case err != nil:
				return err
			case uint64(len(got.Blocks)) < blocks:
				return fmt.Errorf("it has %d of %d blocks", len(got.Blocks), blocks)
			case got.Waiting != waiting:
				return fmt.Errorf("%s waiting, not %d", plural(got.Waiting, "transaction"), waiting)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Address(), err)
		}
		if exact && uint64(len(got.Blocks)) != blocks {
			return nil, fmt.Errorf("%s made %d blocks of these transactions, not %d", c.Address(), len(got.Blocks), blocks)
		}
		if first == nil {
			first = got
		}
		offset := len(got.Blocks) - int(blocks) // an idle network may have made another since
		if got.Blocks[offset].Hash != first.Blocks[len(first.Blocks)-int(blocks)].Hash {
			return nil, fmt.Errorf("%s has another block %d than %s", c.Address(), got.Blocks[offset].Height, s.clients[0].Address())
		}
	}
	first.Nodes = len(s.clients)
	return first, nil
}

// look reads a node's blocks above a height, and what waits there.
func look(ctx context.Context, c *client.Client, from, blocks uint64) (*sampled, error) {
	pool, err := c.Pool(ctx, "", 100)
	if err != nil {
		return nil, err
	}
	all, err := lastBlocks(ctx, c, int(blocks)+1)
	if err != nil {
		return nil, err
	}
	out := &sampled{Waiting: pool.Total, Pending: pool.Transactions, Blocks: []api.BlockSummary{}}
	for _, b := range all {
		if b.Height > from {
			out.Blocks = append(out.Blocks, b)
		}
	}
	return out, nil
}
