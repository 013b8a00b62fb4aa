package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
	"github.com/posnet/posnet/node/httpapi/client"
	"github.com/posnet/posnet/node/keys"
)

// bench measures a running network from where its users are: over the API.
type bench struct {
	*remote
	keyFile string
	count   int
	warmup  int
	pause   time.Duration
}

// maxBench bounds how many times one run keeps.
const maxBench = 1_000_000

func newBenchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure a running network: the time to finality of a transfer, or transfers a second",
		Long: `Measure how long a running network takes to make a transfer final, as its user sees it.

Transfers of 0.000001 POS to a new address are sent one at a time: signed here, submitted to a node, and waited for until
that node says that the transfer is in a block which is certified and on its disk. The time of each is from before the
signature to that answer, both HTTP requests included. The next one is sent when the one before is final.

Several nodes take turns. With --pause the network comes to rest in between; without it, the next transfer meets nodes
that are still busy with the end of the block before. Any account that can pay for the transfers will do, on any network.

'posnet bench load' offers as many transfers as the network takes, and counts them; 'posnet bench overload' offers three times
as many; 'posnet bench reads' asks for accounts.`,
		Example: `  posnet bench --key-file /tmp/posnet-devnet-…/faucet.pem
  posnet bench --key-file faucet.pem --target http://127.0.0.1:8050,http://127.0.0.1:8051 --count 1000
  posnet bench --key-file faucet.pem --pause 100ms --output json`,
		Args: cobra.NoArgs,
	}
	b := &bench{remote: addRemoteFlags(cmd)}
	addBenchFlags(cmd, b.remote)
	cmd.AddCommand(newLoadCommand(b.remote), newOverloadCommand(b.remote), newReadsCommand(b.remote))
	cmd.PersistentFlags().Lookup("timeout").Usage = "how long one transfer may take at most"
	f := cmd.Flags()
	f.StringVar(&b.keyFile, "key-file", os.Getenv("POSNET_KEY_FILE"), "account key `file` that pays and signs, such as a faucet's (PKCS#8 PEM)")
	f.IntVarP(&b.count, "count", "n", 100, "how many transfers to measure")
	f.IntVar(&b.warmup, "warmup", 5, "how many transfers to send before, unmeasured: they open connections and fill caches")
	f.DurationVar(&b.pause, "pause", 0, "rest between a final transfer and the next")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return b.run(cmd) }
	return cmd
}

// benched is what came of it. Times are in milliseconds.
type benched struct {
	Nodes       []string   `json:"nodes"`
	ChainID     string     `json:"chainID"`
	GenesisHash chain.Hash `json:"genesisHash"`
	Transfers   int        `json:"transfers"`
	FirstBlock  uint64     `json:"firstBlock"`
	LastBlock   uint64     `json:"lastBlock"`
	Finality    spread     `json:"finalityMs"`
}

func showBench(w io.Writer, r *benched) {
	_, _ = fmt.Fprintf(w, "%s to %s of %s, one at a time, in blocks %d to %d\n\n", plural(r.Transfers, "transfer"), plural(len(r.Nodes), "node"),
		r.ChainID, r.FirstBlock, r.LastBlock)
	row(w, "time to finality", "")
	s := r.Finality
	for _, line := range []struct {
		name string
		ms   float64
	}{{"min", s.Min}, {"p50", s.P50}, {"p90", s.P90}, {"p99", s.P99}, {"max", s.Max}} {
		row(w, "  "+line.name, fmt.Sprintf("%8.1f ms", line.ms))
	}
}

func (b *bench) run(cmd *cobra.Command) error {
	err := checks{aCount("count", b.count, 1, maxBench), aCount("warmup", b.warmup, 0, maxBench), aPause("pause", b.pause)}.first()
	if err != nil {
		return err
	}
	key, err := payingKey(cmd, b.keyFile)
	if err != nil {
		return err
	}
	clients, closeAll, err := b.clients()
	if err != nil {
		return err
	}
	defer closeAll()
	if err := b.reach(cmd.Context(), clients); err != nil {
		return err
	}
	p, err := b.openPayer(cmd, clients[0], key)
	if err != nil {
		return err
	}
	result := &benched{Nodes: b.nodes, ChainID: p.genesis.ChainID, GenesisHash: p.hash}
	times, err := b.oneAtATime(cmd, clients, p, result)
	if len(times) == 0 {
		return err
	}
	result.Transfers, result.Finality = len(times), spreadOf(times)
	if err != nil { // what was measured until then is still true
		err = fmt.Errorf("stopped after %d of %s: %w", len(times), plural(b.count, "transfer"), err)
	}
	return errors.Join(render(cmd.OutOrStdout(), b.output, result, showBench), err)
}

// oneAtATime sends the transfers, each after the one before is final, and
// returns how long the measured ones took, also those before an error.
func (b *bench) oneAtATime(cmd *cobra.Command, clients []*client.Client, p *payer, into *benched) ([]time.Duration, error) {
	line := liveProgress(cmd)
	defer line.clear()
	times := make([]time.Duration, 0, b.count)
	var last *sent
	for i := range b.warmup + b.count {
		c := clients[i%len(clients)]
		if last != nil {
			if err := b.rest(cmd.Context(), c, last.ID); err != nil {
				return times, err
			}
		}
		ctx, cancel := context.WithTimeoutCause(cmd.Context(), b.timeout, fmt.Errorf("not final within --timeout %s", b.timeout))
		began := time.Now()
		out, err := submit(ctx, c, p.hash, p.key, p.next(), true)
		took := time.Since(began)
		cancel()
		if err != nil {
			return times, fmt.Errorf("%s: %w", c.Address(), err)
		}
		last = out
		if i < b.warmup {
			line.show(fmt.Sprintf("warming up, %d of %d  %.1f ms", i+1, b.warmup, milliseconds(took)))
			continue
		}
		times = append(times, took)
		if len(times) == 1 {
			into.FirstBlock = out.Height
		}
		into.LastBlock = out.Height
		line.show(fmt.Sprintf("%d of %d  last %.1f ms  mean %.1f ms", len(times), b.count, milliseconds(took), line.mean(took)))
	}
	return times, nil
}

// rest waits for --pause, and until the node has seen the transfer before as
// final too: a node that takes its turn must know the nonce to expect, and its
// time should not hold the end of another's block.
func (b *bench) rest(ctx context.Context, c *client.Client, before chain.Hash) error {
	if b.pause > 0 {
		if sleep(ctx, b.pause); ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	if len(b.nodes) == 1 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	err := waitFor(ctx, func() error {
		tx, err := c.Transaction(ctx, before)
		if err == nil && tx.Status != api.Final {
			err = errors.New("it does not know the transfer before as final")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", c.Address(), err)
	}
	return nil
}

// payer makes one account's transfers, one nonce after the other. It is not
// safe for concurrent use: senders in parallel need a payer each.
type payer struct {
	genesis *chain.Genesis
	hash    chain.Hash
	key     keys.PrivateKey
	tx      chain.Tx // the next one
}

// openPayer asks what the transfers need to know, and refuses an account that
// cannot pay for all of them.
func (b *bench) openPayer(cmd *cobra.Command, c *client.Client, key keys.PrivateKey) (*payer, error) {
	ctx, cancel := context.WithTimeoutCause(cmd.Context(), b.timeout, fmt.Errorf("no answer within --timeout %s", b.timeout))
	defer cancel()
	g, _, err := c.Genesis(ctx)
	if err != nil {
		return nil, err
	}
	if g.Params.MinTxs > 1 && g.Params.MaxIdle == 0 {
		return nil, fmt.Errorf("a block of this network waits for %d transactions: one at a time, none would become final", g.Params.MinTxs)
	}
	status, err := c.Status(ctx)
	if err != nil {
		return nil, err
	}
	if n := status.Mempool.Transactions; n > 0 {
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "posnet: warning: %s waiting already: this network is not idle\n", plural(n, "transaction"))
	}
	from := chain.Address(key.Public())
	a, err := c.Account(ctx, from, false)
	if err != nil {
		return nil, err
	}
	to, err := keys.Generate(nil)
	if err != nil {
		return nil, err
	}
	tx := chain.Tx{Kind: chain.TxTransfer, From: from, To: to.Public(), Amount: 1, Fee: g.Params.MinFee, Nonce: a.NextNonce}
	if have, each, n := uint64(a.Balance), tx.Amount+tx.Fee, uint64(b.warmup+b.count); have/each < n {
		return nil, fmt.Errorf("%s has %s: %d transfers cost %s each", from, pos(a.Balance), n, pos(api.Units(each)))
	}
	return &payer{genesis: g, hash: g.Hash(), key: key, tx: tx}, nil
}

func (p *payer) next() chain.Tx {
	tx := p.tx
	p.tx.Nonce++
	return tx
}
