package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime/debug"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/posnet/posnet/node/sim"
)

// scaling are the settings of 'posnet sim measure'.
type scaling struct {
	validators []int
	link       time.Duration
	seed       uint64
	heights    uint64
	transfers  int
	output     string
	quiet      bool
}

func newSimMeasureCommand() *cobra.Command {
	s := &scaling{}
	cmd := &cobra.Command{
		Use:   "measure",
		Short: "Measure how finality and traffic grow with the number of validators, in simulated time",
		Long: `Run networks of the real consensus in which every message takes --link and nothing goes wrong, and tell how long blocks take
to be final, and how much the nodes say for each.

Computing takes no time here, so what is told is the protocol's own: delays in turn, messages and bytes. A block's time is from
its forger's proposal until it is final on a node; a transfer's from the node that took it until it is final there, on an idle
network. Messages and bytes are what one node sends for one block, to all its peers together, votes and proposals with what
nodes tell each other of what they hold; the gossip of transactions is not in them.`,
		Example: `  posnet sim measure --validators 100 --link 50ms
  posnet sim measure --validators 4,7,13,25,50,100 --link 50ms --output json`,
		Args: cobra.NoArgs,
	}
	f := cmd.Flags()
	f.IntSliceVar(&s.validators, "validators", []int{4, 7, 13, 25, 50, 100}, "how many validators, 1 to 200: one `number` for each network")
	f.DurationVar(&s.link, "link", 50*time.Millisecond, "how long every message takes")
	f.Uint64Var(&s.seed, "seed", 1, "`number` that decides everything")
	f.Uint64Var(&s.heights, "heights", 20, "`blocks` of each busy network")
	f.IntVar(&s.transfers, "transfers", 10, "transfers, one at a time, on each idle network")
	f.StringVarP(&s.output, "output", "o", "text", "`format`: text or json")
	f.BoolVar(&s.quiet, "quiet", false, "no progress")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return s.run(cmd) }
	return cmd
}

func (s *scaling) check() error {
	switch {
	case s.output != "text" && s.output != "json":
		return fmt.Errorf("--output %q: text and json are known", s.output)
	case len(s.validators) == 0 || len(s.validators) > 20 || slices.Min(s.validators) < 1 || slices.Max(s.validators) > 200:
		return errors.New("--validators: up to 20 numbers from 1 to 200")
	case s.link < time.Millisecond || s.link > time.Minute || s.link%time.Millisecond != 0:
		return fmt.Errorf("--link %s: whole milliseconds up to a minute", s.link)
	case s.heights < 2 || s.heights > 10_000 || s.transfers < 1 || s.transfers > 10_000:
		return errors.New("--heights is from 2 and --transfers from 1 to 10000")
	}
	return nil
}

func (s *scaling) run(cmd *cobra.Command) error {
	if err := s.check(); err != nil {
		return err
	}
	debug.SetGCPercent(400)
	errOut := cmd.ErrOrStderr()
	line := &progress{out: errOut, live: !s.quiet && isTerminal(errOut)}
	defer line.clear()
	var all []sim.Scaled
	var failed error
	for _, n := range s.validators {
		line.show(fmt.Sprintf("%s, %s a message", plural(n, "validator"), s.link))
		m, err := sim.Measure(sim.Scale{
			Seed: s.seed, Validators: n, Link: uint64(s.link.Milliseconds()), Heights: s.heights, Transfers: s.transfers,
			Stopped: func() bool { return cmd.Context().Err() != nil },
		})
		if err != nil {
			failed = err
			break
		}
		all = append(all, m)
	}
	line.clear()
	if errors.Is(failed, sim.ErrStopped) {
		failed = context.Cause(cmd.Context())
	}
	if len(all) == 0 {
		return failed
	}
	return errors.Join(render(cmd.OutOrStdout(), s.output, all, showScaled), failed)
}

func showScaled(w io.Writer, all []sim.Scaled) {
	row(w, "VALIDATORS", "BLOCK p50", "p99", "TRANSFER p50", "p99", "DELAYS p99", "MESSAGES", "EACH PEER", "BYTES", "EACH PEER", "LATE ROUNDS")
	for _, m := range all {
		peers := float64(max(m.Validators-1, 1))
		row(w, m.Validators, fmt.Sprintf("%d ms", m.Block.P50), fmt.Sprintf("%d ms", m.Block.P99), fmt.Sprintf("%d ms", m.Transfer.P50),
			fmt.Sprintf("%d ms", m.Transfer.P99), fmt.Sprintf("%.1f", float64(m.Transfer.P99)/float64(m.Link)),
			fmt.Sprintf("%.1f", m.Messages.All), fmt.Sprintf("%.2f", m.Messages.All/peers),
			group(uint64(math.Round(m.Bytes.All))), group(uint64(math.Round(m.Bytes.All/peers))), m.LateRounds)
	}
	row(w)
	row(w, "MESSAGES", "PROPOSALS", "VOTES", "STATES", "BYTES", "PROPOSALS", "VOTES", "STATES", "TRANSACTIONS")
	for _, m := range all {
		row(w, m.Validators, fmt.Sprintf("%.2f", m.Messages.Proposals), fmt.Sprintf("%.1f", m.Messages.Votes), fmt.Sprintf("%.1f", m.Messages.States),
			"", group(uint64(math.Round(m.Bytes.Proposals))), group(uint64(math.Round(m.Bytes.Votes))), group(uint64(math.Round(m.Bytes.States))),
			fmt.Sprintf("%.1f", m.Transactions))
	}
}
