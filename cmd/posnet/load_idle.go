package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

// maxIdleAccounts bounds how much larger one load may make a state.
const maxIdleAccounts = 100_000_000

// idleAccount is the address of an account that only has money: nobody needs its key, which is derived as the others' are.
func (a *crowd) idleAccount(i uint64) chain.Address {
	return chain.Address(keys.FromSeed(chain.Sum(a.root[:], []byte("idle"), binary.BigEndian.AppendUint64(nil, i))).Public())
}

// populate gives one unit to each of n accounts that do nothing else: what is measured afterwards is measured in a state so much
// larger. It ends when all of them are there.
func (l *load) populate(ctx context.Context, r *rig, n uint64) error {
	if n == 0 {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	streams := min(len(r.clients)*l.streams, len(r.crowd.keys))
	count := counters{win: newWindow(0)}
	var next atomic.Uint64
	var senders sync.WaitGroup
	for i := range streams {
		c := r.clients[i%len(r.clients)]
		senders.Go(func() {
			payer := i // this stream's are every so many of the accounts, so that their nonces stay in order
			for ctx.Err() == nil {
				from := next.Add(uint64(l.batch)) - uint64(l.batch)
				if from >= n {
					return
				}
				p := &parcel{}
				for at := from; at < min(n, from+uint64(l.batch)); at++ {
					raw := r.crowd.transfer(r.crowd.keys[payer], r.crowd.nonces[payer], r.crowd.idleAccount(at), 1)
					r.crowd.nonces[payer]++
					if payer += streams; payer >= len(r.crowd.keys) {
						payer = i
					}
					p.body = append(p.body, chain.Encode(raw)...)
					p.ends = append(p.ends, len(p.body))
				}
				if err := count.deliver(ctx, c, p); err != nil {
					cancel(fmt.Errorf("%s: %w", c.Address(), err))
				}
			}
		})
	}
	sent := make(chan struct{})
	go func() { senders.Wait(); close(sent) }()
	tell := func() { r.tell.show(fmt.Sprintf("%d of %d idle accounts", count.taken.Load(), n)) }
	for done := false; !done && ctx.Err() == nil; {
		if err := r.follower.wait(ctx, blockWait, nil); err != nil {
			cancel(err)
		}
		tell()
		select {
		case <-sent:
			done = true
		default:
		}
	}
	<-sent
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if refused := count.refused.Load(); refused > 0 {
		return fmt.Errorf("%d of %d were refused for good", refused, n)
	}
	left, err := settling{most: time.Minute, still: 20 * time.Second, every: 100 * time.Millisecond}.settle(ctx, r.clients, r.tell,
		func() error { return r.follower.wait(ctx, atOnce, nil) })
	if err == nil && left.Transfers > 0 {
		err = errors.New(plural(left.Transfers, "transfer") + " to them came into no block")
	}
	return err
}
