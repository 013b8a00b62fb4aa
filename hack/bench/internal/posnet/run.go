package posnet

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"time"

	"github.com/posnet/posnet/hack/bench/internal/figure"
	"github.com/posnet/posnet/hack/bench/internal/proc"
	"github.com/posnet/posnet/hack/bench/internal/round"
)

const (
	// accounts is between how many accounts the transfers go.
	accounts = 100_000
	// drain is how long the rest may take to come into blocks afterwards.
	drain = time.Minute
)

// Run measures one network from its first block to its end.
func Run(ctx context.Context, s round.Setup) (r figure.Run, err error) {
	r = figure.Run{System: "posnet", Validators: s.Validators, Cores: runtime.NumCPU(), IdleCount: s.Idle}
	s.Tell("starting")
	n, err := start(ctx, s)
	if err != nil {
		return r, fmt.Errorf("start a devnet: %w", err)
	}
	defer func() {
		s.Tell("stopping")
		err = errors.Join(err, n.stop())
	}()
	ctx, done := n.watch(ctx)
	defer done(nil) // first, so that stopping is not taken for a failure
	if s.Idle > 0 {
		if r.IdleP50, r.IdleP99, err = n.idle(ctx); err != nil {
			return r, err
		}
	}
	if r.Peak, err = n.phase(ctx, "peak", float64(s.Rate), s.Warmup, s.Duration); err != nil {
		return r, fmt.Errorf("at the peak: %w", err)
	}
	warmup, duration := s.Paced()
	if r.Paced, err = n.phase(ctx, "paced", r.Peak.TxPerSecond()/2, warmup, duration); err != nil {
		return r, fmt.Errorf("at half of the peak: %w", err)
	}
	return r, nil
}

// idle measures transfers one at a time.
func (n *network) idle(ctx context.Context) (p50, p99 float64, err error) {
	n.setup.Tellf("one at a time, %d of them", n.setup.Idle)
	args := append([]string{"bench", "--count", strconv.Itoa(n.setup.Idle)}, n.remote()...)
	out, err := proc.Output(ctx, n.setup.Records, "posnet-bench", n.setup.Exe, args...)
	if err == nil {
		p50, p99, err = parseIdle(out)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("one transfer at a time: %w", err)
	}
	return p50, p99, nil
}

// phase loads the network, at a rate or (0) as much as it takes, and measures
// it after the warm-up.
func (n *network) phase(ctx context.Context, name string, rate float64, warmup, duration time.Duration) (l figure.Load, err error) {
	before, err := proc.DiskUsage(n.dirs()...)
	if err != nil {
		return l, err
	}
	first, err := n.apis[0].status(ctx)
	if err != nil {
		return l, err
	}
	nodes := proc.Sample(ctx, n.nodes...)
	telling, silent := context.WithCancel(ctx)
	told := make(chan struct{})
	go func() {
		defer close(told)
		n.tell(telling, name, time.Now())
	}()
	args := []string{
		"bench", "load", "--accounts", strconv.Itoa(n.accounts), "--rate", strconv.FormatFloat(rate, 'f', 1, 64),
		"--warmup", warmup.String(), "--duration", duration.String(),
	}
	if rate == 0 { // a paced load is offered whatever is under way
		args = append(args, "--in-flight", strconv.Itoa(n.setup.InFlight))
	}
	args = append(args, n.remote()...)
	out, err := proc.Output(ctx, n.setup.Records, "posnet-load", n.setup.Exe, args...)
	silent()
	<-told
	took := nodes.Stop()
	if err != nil {
		return l, err
	}
	l, win, err := parseLoad(out)
	if err != nil {
		return l, err
	}
	if err := n.settle(ctx); err != nil {
		return l, err
	}
	after, err := proc.DiskUsage(n.dirs()...)
	if err != nil {
		return l, err
	}
	if l.DiskTxs, err = n.apis[0].transactions(ctx, first.Height); err != nil {
		return l, err
	}
	l.NodeCPU = took.CPU(win.from, win.to)
	l.MemoryMax, l.MemoryMean = took.Memory(win.from, win.to)
	l.DiskBytes = float64(after - before)
	return l, nil
}

// tell shows how the network is while the generator makes accounts, signs and
// sends.
func (n *network) tell(ctx context.Context, name string, began time.Time) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if s, err := n.apis[0].status(ctx); err == nil {
				n.setup.Tellf("%s %3.0f s, accounts and signing included  height %d  %d waiting", name, time.Since(began).Seconds(), s.Height, s.Mempool.Transactions)
			}
		}
	}
}

// settle waits until no node has anything waiting.
func (n *network) settle(ctx context.Context) error {
	deadline := time.Now().Add(drain)
	for i := 0; i < len(n.apis); {
		s, err := n.apis[i].status(ctx)
		if err != nil {
			return err
		}
		if s.Mempool.Transactions == 0 || time.Now().After(deadline) {
			i++
			continue
		}
		n.setup.Tellf("%d waiting", s.Mempool.Transactions)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}
