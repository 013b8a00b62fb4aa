package posnet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/posnet/posnet/hack/bench/internal/figure"
	"github.com/posnet/posnet/hack/bench/internal/round"
)

const (
	// curveAccounts are fewer than those of the comparison: to give each its money takes long in a network of many nodes.
	curveAccounts = 10_000
	// entries is to how many nodes the load is sent at most, however many there are: so that the generator does the same.
	entries = 4
)

// Scale measures a network of one size: one transfer at a time, then as many as it takes, and what the nodes say meanwhile.
func Scale(ctx context.Context, s round.Setup) (p figure.Point, err error) {
	p.Validators = s.Validators
	s.Tell("starting")
	began := time.Now()
	n, err := start(ctx, s)
	if err != nil {
		return p, fmt.Errorf("start a devnet: %w", err)
	}
	p.Ready = time.Since(began).Seconds()
	defer func() {
		s.Tell("stopping")
		err = errors.Join(err, n.stop())
	}()
	ctx, done := n.watch(ctx)
	defer done(nil) // first, so that stopping is not taken for a failure
	n.accounts, n.entries = curveAccounts, min(entries, len(n.apis))
	before, err := n.count(ctx)
	if err != nil {
		return p, err
	}
	if p.IdleP50, p.IdleP99, err = n.idle(ctx); err != nil {
		return p, err
	}
	quiet, err := n.count(ctx)
	if err != nil {
		return p, err
	}
	if p.Quiet, err = quiet.since(before, s.Validators); err != nil {
		return p, err
	}
	if p.Peak, err = n.phase(ctx, "peak", float64(s.Rate), s.Warmup, s.Duration); err != nil {
		return p, fmt.Errorf("at the peak: %w", err)
	}
	busy, err := n.count(ctx)
	if err != nil {
		return p, err
	}
	p.Busy, err = busy.since(quiet, s.Validators)
	return p, err
}
