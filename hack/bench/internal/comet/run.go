package comet

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/posnet/posnet/hack/bench/internal/figure"
	"github.com/posnet/posnet/hack/bench/internal/round"
)

// Run measures one network from its first block to its end.
func Run(ctx context.Context, s round.Setup, v Variant) (r figure.Run, err error) {
	r = figure.Run{System: v.Name, Validators: s.Validators, Cores: runtime.NumCPU(), IdleCount: s.Idle}
	s.Tell("starting")
	n, err := start(ctx, s, v)
	if err != nil {
		return r, fmt.Errorf("start a network of CometBFT: %w", err)
	}
	defer func() {
		s.Tell("stopping")
		err = errors.Join(err, n.stop())
	}()
	ctx, done := n.watch(ctx)
	defer done(nil) // first, so that stopping is not taken for a failure
	l := &loader{net: n, setup: s, txs: newTransactions(), batch: v.batch}
	if s.Idle > 0 {
		times, err := l.idle(ctx, s.Idle)
		if err != nil {
			return r, fmt.Errorf("one transaction at a time: %w", err)
		}
		r.IdleP50 = figure.Milliseconds(figure.Percentile(times, 50))
		r.IdleP99 = figure.Milliseconds(figure.Percentile(times, 99))
	}
	if r.Peak, err = l.phase(ctx, "peak", float64(s.Rate), s.Warmup, s.Duration); err != nil {
		return r, fmt.Errorf("at the peak: %w", err)
	}
	if r.Peak.Final == 0 {
		return r, errors.New("at the peak no transaction was committed")
	}
	warmup, duration := s.Paced()
	if r.Paced, err = l.phase(ctx, "paced", r.Peak.TxPerSecond()/2, warmup, duration); err != nil {
		return r, fmt.Errorf("at half of the peak: %w", err)
	}
	return r, nil
}
