package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
	"github.com/posnet/posnet/node/httpapi/client"
)

// counters are what the senders count.
type counters struct {
	taken, refused, full atomic.Uint64
	win                  *window
}

// measure sends to all nodes, and counts what is in the blocks of the first.
func (l *load) measure(ctx context.Context, r *rig, into *loaded) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	n := counters{win: newWindow(l.inFlight)}
	s, f := r.shipment, r.follower
	var senders sync.WaitGroup
	began := time.Now()
	from, until := began.Add(l.warmup), began.Add(l.warmup+l.duration)
	sending, stop := context.WithDeadline(ctx, until)
	defer stop()
	finishing, done := context.WithCancel(ctx)
	defer done()
	for i := range len(r.clients) * l.streams {
		c := r.clients[i%len(r.clients)]
		senders.Go(func() {
			if err := l.send(sending, finishing, c, s, i, began, &n); err != nil && sending.Err() == nil {
				cancel(fmt.Errorf("%s: %w", c.Address(), err))
			}
		})
	}
	var times []time.Duration
	var passed minutes
	counted := false
	var taken, refused, full uint64
	var cpu time.Duration
	var start time.Time
	last := second{at: began}
	var err error
	for now := began; now.Before(until) && !l.enough(into.Final) && err == nil; {
		if now = time.Now(); !counted && !now.Before(from) {
			counted, start, cpu, passed = true, now, ownCPU(), minutes{{at: now}}
			taken, refused, full = n.taken.Load(), n.refused.Load(), n.full.Load()
		}
		edge := until // of what is counted: no wait goes past it
		if !counted {
			edge = from
		}
		err = f.wait(ctx, max(atOnce, min(blockWait, edge.Sub(now))), func(height uint64, txs [][]byte) {
			now = time.Now()
			own := 0
			for _, raw := range txs {
				at := s.sentAt(tagOf(raw))
				if at == 0 {
					continue
				}
				if own++; counted {
					times = append(times, time.Duration(now.UnixNano()-at))
				}
			}
			n.win.give(own)
			last.final += uint64(len(txs))
			if !counted {
				return
			}
			if into.FirstBlock == 0 {
				into.FirstBlock = height
			}
			into.LastBlock, into.Final, into.Blocks = height, into.Final+uint64(len(txs)), into.Blocks+1
		})
		if passed.pass(mark{time.Now(), into.Final, len(times)}) && l.duration >= 2*time.Minute {
			r.tell.note(fmt.Sprintf("minute %d: %s", len(passed)-1, passed.last(times)))
		}
		if now = time.Now(); now.Sub(last.at) >= time.Second {
			r.tell.show(l.line(now.Sub(began), last.until(now, n.taken.Load()), &n, times))
			last = second{at: now, taken: n.taken.Load()}
		}
	}
	stop()
	defer time.AfterFunc(finishTime, done).Stop()
	into.Interrupted = ctx.Err() != nil // not by what comes later: then the counting is over
	if counted {
		end := time.Now()
		into.Began, into.Ended, into.Seconds = instant(start), instant(end), end.Sub(start).Seconds()
		into.CPUSeconds = (ownCPU() - cpu).Seconds()
		into.CPUPercent = percentOfMachine(into.CPUSeconds, into.Seconds)
		into.TxPerSecond = float64(into.Final) / into.Seconds
		passed.end(mark{end, into.Final, len(times)})
		into.Minutes = passed.told(times)
	}
	into.Submitted, into.Refused, into.Full = n.taken.Load()-taken, n.refused.Load()-refused, n.full.Load()-full
	if len(times) > 0 {
		into.Finality = spreadOf(times)
	}
	if err != nil {
		done()
	}
	senders.Wait()
	if err == nil { // what came before still holds if nobody can say what is left
		if left, err := afterLoad.settle(ctx, r.clients, r.tell, func() error { return f.wait(ctx, atOnce, nil) }); err == nil {
			left.idle = r.crowd.longestIdle()
			into.Waiting = &left
		}
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return err
}

// enough tells whether so many are final as were asked for.
func (l *load) enough(final uint64) bool { return l.total > 0 && final >= l.total }

// second is what the progress line tells of the second before.
type second struct {
	at    time.Time
	taken uint64 // at that time
	final uint64 // since then
}

func (s second) until(now time.Time, taken uint64) string {
	gone := now.Sub(s.at).Seconds()
	return fmt.Sprintf("%6.0f taken  %6.0f final a second", float64(taken-s.taken)/gone, float64(s.final)/gone)
}

func (l *load) line(gone time.Duration, rates string, n *counters, times []time.Duration) string {
	phase, recent := "warming up", ""
	if gone > l.warmup {
		phase = "counting"
		if last := slices.Clone(times[max(0, len(times)-10_000):]); len(last) > 0 {
			recent = fmt.Sprintf("  p50 %.0f ms", spreadOf(last).P50)
		}
	}
	return fmt.Sprintf("%3.0f s  %s  %s  %d refused  %d times a full pool%s", gone.Seconds(), phase, rates, n.refused.Load(), n.full.Load(), recent)
}

// send sends one stream's parcels until ctx ends, at its share of the rate. The streams' parcels are due one after the other,
// not all at once. What is late keeps the time at which it was due: a network that is slow to take transfers must not hide it.
// A parcel that was begun is delivered until finishing ends: were a part of it missing, later nonces would wait for it.
func (l *load) send(ctx, finishing context.Context, c *client.Client, s *shipment, stream int, began time.Time, n *counters) error {
	each := l.rate / float64(len(s.open)) // a second, of this stream
	offset := float64(s.size*stream) / float64(len(s.open))
	for sent := 0; ctx.Err() == nil; {
		p := s.take(stream)
		at := time.Now()
		if l.rate > 0 {
			due := began.Add(time.Duration((float64(sent) + offset) / each * float64(time.Second)))
			if sleep(ctx, time.Until(due)); ctx.Err() != nil {
				return nil //nolint:nilerr // its end is no failure
			}
			at = due
		}
		if !n.win.take(ctx, len(p.ends)) {
			return nil
		}
		if l.rate == 0 {
			at = time.Now()
		}
		sent += len(p.ends)
		p.at.Store(at.UnixNano())
		if err := n.deliver(finishing, c, p); err != nil {
			return err
		}
	}
	return nil
}

// deliver sends a parcel until all of it is taken or refused for good, or ctx ends. What finds the pool full goes again
// before anything else, so that nonces stay in order.
func (n *counters) deliver(ctx context.Context, c *client.Client, p *parcel) error {
	left := make([]int, len(p.ends))
	for i := range left {
		left[i] = i
	}
	for body := p.body; len(body) > 0 && ctx.Err() == nil; {
		answer, err := c.SubmitSequence(ctx, body)
		if code := client.Code(err); code == api.CodeRateLimited || code == api.CodeTooManyWaiters || code == string(chain.RefusedPoolFull) {
			sleep(ctx, 100*time.Millisecond)
			continue
		}
		if err != nil {
			return err
		}
		n.taken.Add(uint64(answer.Accepted))
		var again []int
		body = nil
		for _, r := range answer.Refused {
			switch {
			case sendAgain(r.Code):
				n.full.Add(1)
				again = append(again, left[r.Index])
				body = append(body, p.part(left[r.Index])...)
			case r.Code != string(chain.RefusedDuplicate):
				n.win.give(1)
				if n.refused.Add(1) == 1 && answer.Accepted == 0 {
					return errors.New(r.Message)
				}
			}
		}
		if left = again; len(again) > 0 {
			sleep(ctx, fullPause)
		}
	}
	return nil
}

// fullPause is how long to wait for room in a full pool. Nodes ask for a second; so long a pause would let pools run empty
// between the few senders that a generator has, and a much shorter one has nodes spend their time on refusals.
const fullPause = 150 * time.Millisecond

// percentOfMachine is what seconds of processor time are of all cores together over some time.
func percentOfMachine(cpu, seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	return math.Round(1000*cpu/seconds/float64(runtime.NumCPU())) / 10
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// ownCPU is the processor time this process has used.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
