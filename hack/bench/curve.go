package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/posnet/posnet/hack/bench/internal/figure"
	"github.com/posnet/posnet/hack/bench/internal/posnet"
	"github.com/posnet/posnet/hack/bench/internal/proc"
)

// Limits of a whole curve: what is not measured by then is left out, and said to be.
const (
	curveLimit      = 8 * time.Minute
	quickCurveLimit = 3 * time.Minute
)

// errCurveLimit ends a curve that has taken its time: no failure.
var errCurveLimit = errors.New("the curve has taken its time")

// setCurve reads the sizes, and sets what was not given on the command line: a curve has many networks to start.
func (o *options) setCurve(sizes string, given map[string]bool, quick bool) error {
	for _, text := range strings.Split(sizes, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 || n > maxValidators {
			return fmt.Errorf("--curve %q: numbers from 1 to %d, with commas", sizes, maxValidators)
		}
		o.curve = append(o.curve, n)
	}
	idle, warmup, duration := 50, 4*time.Second, 15*time.Second
	if o.limit = curveLimit; quick {
		idle, warmup, duration, o.limit = 20, 2*time.Second, 5*time.Second, quickCurveLimit
	}
	if !given["idle"] {
		o.idle = idle
	}
	if !given["warmup"] {
		o.warmup = warmup
	}
	if !given["duration"] {
		o.duration = duration
	}
	return nil
}

// runCurve measures one network after the other. What was measured until an error comes is returned with it.
func (b *bench) runCurve(ctx context.Context) (*figure.Curve, error) {
	c := &figure.Curve{Machine: figure.Machine{CPU: proc.CPUModel(), Cores: runtime.NumCPU()}}
	report := &figure.Report{Versions: map[string]string{}}
	lock, err := b.open(report)
	if err != nil {
		return c, err
	}
	defer lock.Close()
	b.systems = []string{posnetName}
	if err := b.build(ctx, report); err != nil {
		return c, err
	}
	c.Machine.Filesystem, c.Version = report.Machine.Filesystem, report.Versions[posnetName]
	ctx, cancel := context.WithTimeoutCause(ctx, b.limit, errCurveLimit)
	defer cancel()
	for i, n := range b.curve {
		b.tell.prefix = fmt.Sprintf("%d/%d, %d validators: ", i+1, len(b.curve), n)
		p, err := b.point(ctx, n)
		if p.IdleP50 > 0 && errors.Is(context.Cause(ctx), errCurveLimit) { // what there is of it counts
			c.Points = append(c.Points, p)
		}
		if errors.Is(context.Cause(ctx), errCurveLimit) {
			b.tell.note(fmt.Sprintf("not all was measured within %s, which is where the curve ends", b.limit))
			break
		}
		if err != nil {
			return c, fmt.Errorf("%d validators: %w (logs in %s)", n, errors.Join(context.Cause(ctx), err), b.records)
		}
		c.Points = append(c.Points, p)
		b.tell.note(fmt.Sprintf("one at a time %.1f ms, %.0f final a second", p.IdleP50, p.Peak.TxPerSecond()))
	}
	b.tell.prefix = ""
	return c, nil
}

// point measures one network, and removes its data.
func (b *bench) point(ctx context.Context, validators int) (p figure.Point, err error) {
	s, done, err := b.setup(posnetName, validators)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, done()) }()
	s.InFlight = underWay(s.InFlight, validators)
	return posnet.Scale(ctx, s)
}

// underWay is how many transactions are under way at the peak of a network: fewer where more nodes share the processor. Each of
// them executes every block, and blocks too large for the time that a round gives them would be proposed again and again.
func underWay(ofFour, validators int) int {
	return max(250, ofFour*4/max(4, validators))
}
