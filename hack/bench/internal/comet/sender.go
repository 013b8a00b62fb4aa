package comet

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// sender sends transactions to one node over one connection.
type sender struct {
	rpc   *client
	txs   *transactions
	next  *atomic.Uint64 // the number of the next transaction, of all senders
	win   *window
	batch int
	full  *atomic.Uint64 // how often a mempool was full, of all senders

	taken []sent // what the node has taken
	body  []byte
	seqs  []uint64
}

const (
	// backOff is how long a node with a full mempool is left alone.
	backOff = 20 * time.Millisecond
	// pacedTick is how often a paced sender sends.
	pacedTick = 20 * time.Millisecond
)

// flood sends as much as the window lets it, until ctx ends.
func (s *sender) flood(ctx context.Context) error {
	for s.win.take(ctx, s.batch) {
		if err := s.send(ctx, s.batch, time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

// pace sends rate transactions a second until ctx ends. What is late keeps the
// time at which it was due: a network that is slow to take transactions must
// not hide that.
func (s *sender) pace(ctx context.Context, began time.Time, rate float64) error {
	offered := 0
	for tick := 1; ; tick++ {
		due := began.Add(time.Duration(tick) * pacedTick)
		if !rest(ctx, time.Until(due)) {
			return nil
		}
		for want := int(rate * due.Sub(began).Seconds()); offered < want && ctx.Err() == nil; {
			n := min(s.batch, want-offered)
			s.win.force(n)
			if err := s.send(ctx, n, due); err != nil {
				return err
			}
			offered += n
		}
	}
}

// send sends n transactions that are due (or now), again and again until the
// node has taken all of them or ctx ends.
func (s *sender) send(ctx context.Context, n int, due time.Time) error {
	s.seqs = s.seqs[:0]
	for last := s.next.Add(uint64(n)); len(s.seqs) < n; {
		s.seqs = append(s.seqs, last-uint64(n-len(s.seqs)))
	}
	for {
		s.body = appendBatch(s.body[:0], s.txs, s.seqs)
		at := due
		if at.IsZero() {
			at = time.Now()
		}
		answer, err := s.rpc.post(context.WithoutCancel(ctx), s.body) // what is sent has to be accounted for
		if err != nil {
			return fmt.Errorf("send to %s: %w", s.rpc.address, err)
		}
		again, err := refused(answer, len(s.seqs))
		if err != nil {
			return fmt.Errorf("%s refuses transactions: %w", s.rpc.address, err)
		}
		left := s.keep(again, at)
		if s.seqs = s.seqs[:left]; left == 0 {
			return nil
		}
		s.full.Add(1)
		if !rest(ctx, backOff) {
			s.win.give(left)
			return nil
		}
	}
}

// keep notes what was taken, moves what was not to the front of seqs, and
// returns how many those are. The indices are in order.
func (s *sender) keep(again []int, at time.Time) (left int) {
	for i, seq := range s.seqs {
		if left < len(again) && again[left] == i {
			s.seqs[left] = seq
			left++
			continue
		}
		s.taken = append(s.taken, sent{seq, at})
	}
	return left
}

// wait rests, or returns early with an error when ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// rest is wait where the end of ctx is no failure: it tells whether to go on.
func rest(ctx context.Context, d time.Duration) bool { return wait(ctx, d) == nil }
