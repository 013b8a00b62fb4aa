package main

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/ledger"
)

// maxIdleAccounts bounds how much larger one load may make a state.
const maxIdleAccounts = 100_000_000

// idleAccount is an account that only has money, and where the state tree has it.
type idleAccount struct {
	place   uint64 // the first bytes of its key in the tree
	address chain.Address
}

// idleAccounts makes n of them, in the order in which the state tree has them: so every block adds to a few places of the tree,
// and is several times quicker than one that adds to all of it. What comes out is the same state. Nobody needs their keys, which are
// derived as the others' are.
func (a *crowd) idleAccounts(n uint64) []idleAccount {
	all := make([]idleAccount, n)
	parallel(len(all), func(i int) {
		seed := chain.Sum(a.root[:], []byte("idle"), binary.BigEndian.AppendUint64(nil, uint64(i)))
		address := chain.Address(keys.FromSeed(seed).Public())
		leaf := ledger.TreeKey(ledger.AccountKey(address))
		all[i] = idleAccount{binary.BigEndian.Uint64(leaf[:]), address}
	})
	slices.SortFunc(all, func(x, y idleAccount) int { return cmp.Compare(x.place, y.place) })
	return all
}

// populate gives one unit to each of n accounts that do nothing else: what is measured afterwards is measured in a state so much
// larger. It ends when all of them are there.
func (l *load) populate(ctx context.Context, r *rig, n uint64) error {
	if n == 0 {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r.tell.show(fmt.Sprintf("making %d idle accounts", n))
	idle := r.crowd.idleAccounts(n)
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
					raw := r.crowd.transfer(r.crowd.keys[payer], r.crowd.nonces[payer], idle[at].address, 1)
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
				if refused := count.refused.Load(); refused > 0 { // what follows of the same payer would wait for it
					cancel(fmt.Errorf("%s: %d refused for good", c.Address(), refused))
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
	left, err := settling{most: time.Minute, still: 20 * time.Second, every: 100 * time.Millisecond}.settle(ctx, r.clients, r.tell,
		func() error { return r.follower.wait(ctx, atOnce, nil) })
	if err == nil && left.Transfers > 0 {
		err = errors.New(plural(left.Transfers, "transfer") + " to them came into no block")
	}
	return err
}
