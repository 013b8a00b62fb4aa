package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/client"
)

// offer sends at a rate whether or not the network takes it. What is refused for the moment is offered again, and each offering
// counts: so a network that is full goes on to be asked as often. Each stream holds a few parcels at most.
type offer struct {
	shipment *shipment
	timeout  time.Duration
	rate     float64 // of all streams; 0: as much as is taken
	waiting  [][]part
	began    time.Time

	mu    sync.Mutex
	tally offered
}

// newOffer makes one that begins now. What waits for each stream stays for the next offer.
func newOffer(s *shipment, timeout time.Duration, rate float64, waiting [][]part) *offer {
	return &offer{shipment: s, timeout: timeout, rate: rate, waiting: waiting, began: time.Now(), tally: offered{codes: map[string]uint64{}}}
}

// part is one transfer of a parcel.
type part struct {
	p *parcel
	i int
}

// offered counts what came of offering.
type offered struct {
	offered, taken, lost uint64 // lost: refused for good, and not in a block
	codes                map[string]uint64
}

// run offers until ctx ends, and returns what came of it.
func (o *offer) run(ctx context.Context, clients []*client.Client) (offered, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var streams sync.WaitGroup
	var failure error
	for i := range o.waiting {
		c := clients[i%len(clients)]
		streams.Go(func() {
			if err := o.stream(ctx, c, i); err != nil && ctx.Err() == nil {
				o.mu.Lock()
				failure = errors.Join(failure, fmt.Errorf("%s: %w", c.Address(), err))
				o.mu.Unlock()
				cancel(err)
			}
		})
	}
	streams.Wait()
	return o.seen(), failure
}

// seen is what came of it so far.
func (o *offer) seen() offered {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := o.tally
	out.codes = maps.Clone(out.codes)
	return out
}

func (o *offer) stream(ctx context.Context, c *client.Client, stream int) error {
	size, streams := o.shipment.size, float64(len(o.waiting))
	sent := 0.0
	for failures := 0; ctx.Err() == nil; {
		for len(o.waiting[stream]) < size {
			p := o.shipment.take(stream)
			for i := range p.ends {
				o.waiting[stream] = append(o.waiting[stream], part{p, i})
			}
		}
		if o.rate > 0 {
			due := o.began.Add(time.Duration((sent + float64(size*stream)/streams) / (o.rate / streams) * float64(time.Second)))
			if sleep(ctx, time.Until(due)); ctx.Err() != nil {
				return nil //nolint:nilerr // its end is no failure
			}
		}
		sent += float64(size)
		left, err := o.batch(ctx, c, o.waiting[stream][:size])
		if err != nil {
			if failures++; ctx.Err() != nil || failures > maxFailures {
				return err
			}
			sleep(ctx, 50*time.Millisecond)
			continue
		}
		failures = 0
		o.waiting[stream] = append(left, o.waiting[stream][size:]...)
		if o.rate == 0 && len(left) > 0 {
			sleep(ctx, fullPause)
		}
	}
	return nil
}

// batch offers some transfers once, and returns those to offer again: what is refused for the moment, in order. An error is
// of the connection.
func (o *offer) batch(ctx context.Context, c *client.Client, parts []part) (left []part, err error) {
	var body []byte
	now := time.Now().UnixNano()
	for _, t := range parts {
		t.p.each[t.i].Store(now)
		body = append(body, t.p.part(t.i)...)
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	answer, err := c.SubmitSequence(ctx, body)
	o.mu.Lock()
	defer o.mu.Unlock()
	code := client.Code(err)
	switch {
	case ctx.Err() != nil && err != nil && code == "":
		return nil, err // nobody knows what came of it
	case err != nil:
		o.tally.offered += uint64(len(parts))
		if code == "" {
			o.tally.codes["connection"] += uint64(len(parts))
			return nil, err
		}
		o.tally.codes[code] += uint64(len(parts))
		return append(left, parts...), nil
	}
	o.tally.offered += uint64(len(parts))
	o.tally.taken += uint64(answer.Accepted)
	for _, r := range answer.Refused {
		if r.Index < 0 || r.Index >= len(parts) {
			return nil, fmt.Errorf("a node refuses transfer %d of %d", r.Index, len(parts))
		}
		if r.Code == string(chain.RefusedDuplicate) {
			continue // taken before: the answer was lost
		}
		o.tally.codes[r.Code]++
		switch {
		case sendAgain(r.Code):
			left = append(left, parts[r.Index])
		case r.Code == string(chain.RefusedNonceUsed): // taken before, and in a block by now
		default:
			o.tally.lost++
		}
	}
	return left, nil
}

// finish offers again what was offered and not taken, and nothing new, until all of it is or ctx ends: what comes later from the
// same account waits for it.
func (o *offer) finish(ctx context.Context, clients []*client.Client) {
	var streams sync.WaitGroup
	for i := range o.waiting {
		c := clients[i%len(clients)]
		streams.Go(func() {
			known := o.waiting[i]
			first := 0 // that was never offered: those before it were, in order
			for first < len(known) && known[first].p.each[known[first].i].Load() != 0 {
				first++
			}
			again, fresh := known[:first:first], known[first:]
			for len(again) > 0 && ctx.Err() == nil {
				part := again[:min(o.shipment.size, len(again))]
				left, err := o.batch(ctx, c, part)
				if err == nil {
					again = append(left, again[len(part):]...)
				}
				if err != nil || len(left) > 0 {
					sleep(ctx, fullPause)
				}
			}
			o.waiting[i] = append(again, fresh...)
		})
	}
	streams.Wait()
}
