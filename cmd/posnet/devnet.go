package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/posnet/posnet/node"
	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/client"
)

// devnet is a network of processes of this binary, on loopback.
type devnet struct {
	nodes                                     int
	data                                      string
	stake                                     uint64
	params                                    chain.Params
	seedRoles, logs                           bool
	apiPort, peerPort, privatePort, debugPort int
	out                                       io.Writer
	given                                     *pflag.FlagSet // what the command line says

	dir string // data, or a temporary one
}

const maxDevnet = 64

func newDevnetCommand() *cobra.Command {
	d := &devnet{params: chain.DefaultParams(), stake: 25 * chain.UnitsPerPOS}
	cmd := &cobra.Command{
		Use:   "devnet",
		Short: "Run a whole network on this machine",
		Long: `Run a whole network on this machine: each node is a process of this binary on loopback, with its API on port 8050, 8051, …
and its peers' port on 8010, 8011, …. Keys, genesis and data are made afresh and go when it ends (Ctrl-C), unless --data
names a directory to keep; with the same directory again the network goes on where it stopped. A node that ends by itself, or
that you kill, is started again after 2 seconds; the others go on meanwhile.

--seed-roles is the original demonstration: a validator with stake, a validator still without stake, and a node with a fresh
key; a block when two transactions wait, never an empty one. 'posnet sample' then makes its three blocks.`,
		Example: `  posnet devnet
  posnet devnet --nodes 7 --max-idle 2s --logs
  posnet devnet --data ./net        # keep it; run again to continue
  posnet devnet --seed-roles        # and in another terminal: posnet sample --faucet-key …`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d.out = cmd.OutOrStdout()
			if d.seedRoles {
				d.setSeedRoles(cmd)
			}
			return d.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	d.given = f
	f.IntVarP(&d.nodes, "nodes", "n", 4, "how many nodes")
	f.StringVar(&d.data, "data", "", "`directory` to keep the network in")
	f.Var(amount{&d.stake}, "stake", "`POS` each validator begins with at stake")
	f.BoolVar(&d.seedRoles, "seed-roles", false, "the original's three nodes and rules")
	f.BoolVar(&d.logs, "logs", false, "show the nodes' log lines, each with its node's name")
	f.IntVar(&d.apiPort, "api-port", 8050, "first `port` of the APIs")
	f.IntVar(&d.peerPort, "node-port", 8010, "first `port` for peers")
	f.IntVar(&d.privatePort, "private-port", 9464, "first `port` of metrics and health")
	f.IntVar(&d.debugPort, "debug-port", 0, "first `port` of profiles (/debug/pprof/); 0: none")
	addParamFlags(f, &d.params)
	return cmd
}

// setSeedRoles sets what was not given on the command line to the original's.
func (d *devnet) setSeedRoles(cmd *cobra.Command) {
	for _, s := range []struct {
		flag string
		set  func()
	}{
		{"nodes", func() { d.nodes = 3 }},
		{"min-txs", func() { d.params.MinTxs = 2 }},
		{"max-txs", func() { d.params.MaxTxs = 2 }},
		{"max-idle", func() { d.params.MaxIdle = 0 }},
		{"set-delay", func() { d.params.SetDelay = 2 }},
	} {
		if !cmd.Flags().Changed(s.flag) {
			s.set()
		}
	}
}

func (d *devnet) run(ctx context.Context) (err error) {
	began := time.Now()
	if err := d.check(); err != nil {
		return err
	}
	if d.data == "" {
		defer func() { err = errors.Join(err, os.RemoveAll(d.dir)) }()
	}
	if err := d.open(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	procs, err := d.start(ctx, cancel)
	defer procs.stop()
	if err != nil {
		return err
	}
	if err := d.ready(ctx); err != nil {
		if cause := context.Cause(ctx); cause != nil && ctx.Err() != nil && !errors.Is(cause, context.Canceled) {
			return cause
		}
		return err
	}
	procs.kept.Store(true)
	d.tell(ctx, time.Since(began))
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	_, _ = fmt.Fprintln(d.out, "\nstopping")
	return nil
}

func (d *devnet) node(i int) string { return filepath.Join(d.dir, "n"+strconv.Itoa(i)) }

func (d *devnet) genesis() string { return filepath.Join(d.dir, "genesis.json") }

func (d *devnet) faucet() string { return filepath.Join(d.dir, "faucet.pem") }

func (d *devnet) url(i int) string { return fmt.Sprintf("http://127.0.0.1:%d", d.apiPort+i) }

// open makes the network's directory, or takes up the one that is there.
func (d *devnet) open() error {
	if d.data == "" {
		dir, err := os.MkdirTemp("", "posnet-devnet-")
		d.dir = dir
		if err != nil {
			return fmt.Errorf("make the network's directory: %w", err)
		}
	} else if err := os.MkdirAll(d.data, 0o700); err != nil {
		return fmt.Errorf("make the network's directory: %w", err)
	} else if d.dir, err = filepath.Abs(d.data); err != nil {
		return err
	}
	if _, err := os.Stat(d.genesis()); err == nil {
		return d.resume()
	}
	ids := make([]*chain.Identity, d.nodes)
	errs := make([]error, d.nodes)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() { // in parallel: each waits for the disk
			cfg := node.DefaultConfig()
			cfg.DataDir, cfg.Ordinal = d.node(i), uint64(i)
			ids[i], errs[i] = initNode(cfg)
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return d.makeGenesis(ids)
}

// resume takes up the nodes of a network that is kept.
func (d *devnet) resume() error {
	if d.nodes = keptNodes(d.dir); d.nodes == 0 {
		return fmt.Errorf("%s has a genesis but no nodes", d.dir)
	}
	_, _ = fmt.Fprintf(d.out, "going on with the %s of %s; its rules are in its genesis\n", plural(d.nodes, "node"), d.dir)
	return nil
}

func (d *devnet) makeGenesis(ids []*chain.Identity) error {
	g := &chain.Genesis{ChainID: "devnet", Time: uint64(time.Now().UnixMilli()), Params: d.params}
	for i, id := range ids {
		if d.seedRoles && i >= 2 {
			continue // the third node has a fresh key the genesis does not know
		}
		g.Validators = append(g.Validators, chain.GenesisValidator{Address: id.Address, Keys: id.Keys})
		if d.seedRoles && i == 1 {
			continue // the staker: registered, and still without stake
		}
		g.Bonds = append(g.Bonds, chain.GenesisBond{Staker: id.Address, Validator: id.Address, Amount: d.stake})
	}
	for name, balance := range map[string]uint64{"faucet.pem": devnetBalance, "treasury.pem": devnetBalance} {
		key, err := newKeyFile(filepath.Join(d.dir, name))
		if err != nil {
			return err
		}
		g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: key, Balance: balance})
	}
	return writeGenesis(io.Discard, g, d.genesis())
}

// ready waits until every node is connected to every other and runs. Whoever
// answers must be of this network: with the port taken it is a stranger, and the
// own node about to end.
func (d *devnet) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	g, err := readGenesisFile(d.genesis())
	if err != nil {
		return err
	}
	own := g.Hash()
	for i := range d.nodes {
		c, err := client.New(d.url(i), nil)
		if err != nil {
			return err
		}
		err = waitFor(ctx, func() error {
			s, err := c.Status(ctx)
			switch {
			case err != nil:
				return err
			case s.GenesisHash != own:
				return fmt.Errorf("a node of another network, %s, answers at %s: choose another --api-port", s.ChainID, d.url(i))
			case s.Peers < d.nodes-1:
				return fmt.Errorf("it has found %d of %d peers", s.Peers, d.nodes-1)
			}
			return nil
		})
		c.Close()
		if err != nil {
			return fmt.Errorf("node n%d is not ready: %w", i, err)
		}
	}
	return nil
}

// waitFor tries until it works or ctx ends, and then says what was in the way.
func waitFor(ctx context.Context, try func() error) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	last := errors.New("not tried")
	for {
		err := try()
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			last = err // not the context's own end, which says nothing
		}
		select {
		case <-ctx.Done():
			return last
		case <-tick.C:
		}
	}
}
