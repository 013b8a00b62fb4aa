package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// endurance is the run of an overload.
type endurance struct {
	*overload
	*rig
	memory  *memory
	waiting [][]part // by stream: what is to be offered next, over all stretches

	mu    sync.Mutex
	seen  []sighting
	final uint64
}

// sighting is a transfer in a block: when it was offered, and when its block was seen, in Unix nanoseconds.
type sighting struct{ sent, seen int64 }

// maxPeak bounds what a network is taken to be able to, for what is signed and kept.
const maxPeak = 100_000

// watch follows the chain until ctx ends.
func (e *endurance) watch(ctx context.Context) error {
	for ctx.Err() == nil {
		err := e.follower.wait(ctx, blockWait, func(_ uint64, txs [][]byte) {
			now := time.Now().UnixNano()
			e.mu.Lock()
			defer e.mu.Unlock()
			for _, raw := range txs {
				if at := e.shipment.sentAt(tagOf(raw)); at > 0 {
					e.seen = append(e.seen, sighting{at, now})
				}
			}
			e.final += uint64(len(txs))
		})
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// all does one stretch after the other.
func (e *endurance) all(ctx context.Context, into *endured) error {
	if into.Peak = e.peak; e.peak == 0 {
		if err := e.findPeak(ctx, into); err != nil {
			return err
		}
	}
	half := into.Peak / 2
	seconds := (e.duration + 2*e.normal).Seconds()
	e.shipment.signAhead(ctx, min(maxAhead, int(into.Peak*seconds)), e.tell)
	if _, err := e.rest(ctx); err != nil {
		return err
	}
	var err error
	if into.Before, err = e.stretch(ctx, "before", half, e.normal); err != nil {
		return err
	}
	overloaded, err := e.stretch(ctx, "overload", into.Peak*e.times, e.duration)
	if err != nil {
		return err
	}
	into.Overload = overloaded
	into.After, err = e.stretch(ctx, "after", half, e.normal)
	if left, err := e.rest(ctx); err == nil { // or nobody can say
		left.idle = e.crowd.longestIdle()
		into.Waiting = &left
	}
	sleep(ctx, 200*time.Millisecond) // until the last block is seen: its times count
	from, to := into.Overload.Began, into.Overload.Ended
	into.Before.Finality = e.finality(into.Before)
	into.Overload.Finality = e.finality(into.Overload)
	into.Memory = enduredMemory{
		Before: e.memory.last(into.Before.Began, from), Most: e.memory.most(from, to), End: e.memory.last(from, to),
	}
	if err == nil {
		into.After.Finality = e.finality(into.After)
		into.Memory.After = e.memory.last(to, into.After.Ended)
		into.RecoverySeconds = e.recovery(into)
	}
	return err
}

// findPeak offers as much as is taken.
func (e *endurance) findPeak(ctx context.Context, into *endured) error {
	e.shipment.signAhead(ctx, min(maxAhead, int(15_000*e.measure.Seconds())), e.tell)
	if _, err := e.stretch(ctx, "warming up", 0, e.measure/4); err != nil {
		return err
	}
	peak, err := e.stretch(ctx, "finding the peak", 0, e.measure)
	if err != nil {
		return err
	}
	into.Peak, into.PeakMeasured, into.PeakSeconds = min(peak.FinalPerSecond, maxPeak), true, peak.Seconds
	if into.Peak < 1 {
		return errors.New("no transfer became final while the peak was measured")
	}
	return nil
}

// stretch offers at a rate (0: as much as is taken) for a time.
func (e *endurance) stretch(ctx context.Context, name string, rate float64, length time.Duration) (s stretch, err error) {
	offering, stop := context.WithTimeout(ctx, length)
	defer stop()
	o := newOffer(e.shipment, e.timeout, rate, e.waiting)
	began, cpu, before := o.began, ownCPU(), e.finals()
	telling := make(chan struct{})
	go func() {
		defer close(telling)
		e.report(offering, name, o, began)
	}()
	got, err := o.run(offering, e.clients)
	stop()
	<-telling
	ended := instant(time.Now())
	e.memory.note(ctx, ended)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return s, fmt.Errorf("%s: %w", name, err)
	}
	seconds := ended.Sub(began).Seconds()
	s = stretch{
		Began: instant(began), Ended: instant(ended), Seconds: seconds, Asked: rate, OfferedPerSecond: float64(got.offered) / seconds,
		TakenPerSecond: float64(got.taken) / seconds, FinalPerSecond: float64(e.finals()-before) / seconds,
		RefusedCodes: got.codes, Lost: got.lost, CPUPercent: percentOfMachine((ownCPU() - cpu).Seconds(), seconds),
	}
	for _, n := range got.codes {
		s.Refused += n
	}
	return s, nil
}

func (e *endurance) finals() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.final
}

// report shows how a stretch goes, each second.
func (e *endurance) report(ctx context.Context, name string, o *offer, began time.Time) {
	last, final := o.seen(), e.finals()
	for at := time.Now(); ctx.Err() == nil; {
		sleep(ctx, time.Second)
		now, got, all := time.Now(), o.seen(), e.finals()
		gone := now.Sub(at).Seconds()
		refused := uint64(0)
		for _, n := range got.codes {
			refused += n
		}
		e.mu.Lock()
		recent := make([]time.Duration, 0, 10_000)
		for _, s := range e.seen[max(0, len(e.seen)-10_000):] {
			recent = append(recent, time.Duration(s.seen-s.sent))
		}
		e.mu.Unlock()
		p50 := ""
		if len(recent) > 0 {
			p50 = fmt.Sprintf("  p50 %.0f ms", spreadOf(recent).P50)
		}
		e.tell.show(fmt.Sprintf("%s %3.0f s  %6.0f offered  %6.0f taken  %6.0f final a second  %d refused%s", name, now.Sub(began).Seconds(),
			float64(got.offered-last.offered)/gone, float64(got.taken-last.taken)/gone, float64(all-final)/gone, refused, p50))
		at, last, final = now, got, all
	}
}

// betweenStretches is how long pools may take to become empty there.
var betweenStretches = settling{most: 30 * time.Second, still: 3 * time.Second, every: 100 * time.Millisecond}

// rest offers again what was refused for the moment, and waits until no node has anything waiting. It returns what has.
func (e *endurance) rest(ctx context.Context) (waiting, error) {
	finishing, done := context.WithTimeout(ctx, finishTime)
	defer done()
	newOffer(e.shipment, e.timeout, 0, e.waiting).finish(finishing, e.clients)
	return betweenStretches.settle(ctx, e.clients, e.tell, nil)
}

// finality is of the transfers that were taken in a stretch.
func (e *endurance) finality(s stretch) spread {
	from, to := s.Began.UnixNano(), s.Ended.UnixNano()
	e.mu.Lock()
	defer e.mu.Unlock()
	var times []time.Duration
	for _, t := range e.seen {
		if t.sent >= from && t.sent <= to {
			times = append(times, time.Duration(t.seen-t.sent))
		}
	}
	if len(times) == 0 {
		return spread{}
	}
	return spreadOf(times)
}

// recovery is how long after the overload the network was as quick as before, for a whole second.
func (e *endurance) recovery(r *endured) *float64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return recovered(e.seen, r.Overload.Ended, r.After.Ended, r.After.Asked, r.Before.Finality.P99)
}

// recoveryStep is how finely the time of recovery is looked for.
const recoveryStep = 250 * time.Millisecond

// recovered looks for the first second from one time to another in which at least 90 % of a rate came into blocks, and 99 in
// 100 of that took at most twice as long as p99 milliseconds, or 100 more.
func recovered(seen []sighting, from, to time.Time, rate, p99 float64) *float64 {
	limit := max(2*p99, p99+100)
	for at := from; !at.Add(time.Second).After(to); at = at.Add(recoveryStep) {
		var times []time.Duration
		for _, s := range seen {
			if s.seen >= at.UnixNano() && s.seen < at.Add(time.Second).UnixNano() {
				times = append(times, time.Duration(s.seen-s.sent))
			}
		}
		if float64(len(times)) >= 0.9*rate && len(times) > 0 && spreadOf(times).P99 <= limit {
			after := at.Sub(from).Seconds()
			return &after
		}
	}
	return nil
}
