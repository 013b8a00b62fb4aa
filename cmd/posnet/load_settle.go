package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/posnet/posnet/node/httpapi/client"
)

// finishTime is how long after its end a load goes on to offer what was refused for the moment: what comes later from the same
// account waits for it.
const finishTime = 5 * time.Second

// settling is how the pools become empty after a load.
type settling struct {
	most  time.Duration // how long to wait in all
	still time.Duration // how long while none leaves: they then wait for what was refused, or what nodes do not pass on
	every time.Duration // how often to look
}

var afterLoad = settling{most: 20 * time.Second, still: 3 * time.Second, every: 100 * time.Millisecond}

// waiting is what pools still hold after a load.
type waiting struct {
	Transfers int  `json:"transfers"` // in the pool that has most
	Stuck     bool `json:"stuck"`     // none left for some seconds

	idle time.Duration // after which the network makes a block in any case; 0: never
}

// settle waits until no node has anything waiting, and returns what has. Each time round it calls follow, if it is given.
func (s settling) settle(ctx context.Context, clients []*client.Client, tell *progress, follow func() error) (w waiting, err error) {
	began := time.Now()
	least, left := -1, began // the fewest seen, and when
	for {
		w = waiting{}
		for _, c := range clients {
			status, err := c.Status(ctx)
			if err != nil {
				return w, fmt.Errorf("ask what is waiting: %w", err)
			}
			w.Transfers = max(w.Transfers, status.Mempool.Transactions)
		}
		now := time.Now()
		if least < 0 || w.Transfers < least {
			least, left = w.Transfers, now
		}
		w.Stuck = w.Transfers > 0 && now.Sub(left) >= s.still
		if w.Transfers == 0 || w.Stuck || now.Sub(began) >= s.most {
			return w, nil
		}
		tell.show(fmt.Sprintf("%d waiting", w.Transfers))
		if follow != nil {
			err = follow()
		}
		if sleep(ctx, s.every); err != nil || ctx.Err() != nil {
			return w, errors.Join(err, context.Cause(ctx))
		}
	}
}

// showWaiting tells of it, if there is anything to tell.
func showWaiting(w io.Writer, left *waiting) {
	switch {
	case left == nil || left.Transfers == 0:
	case left.Stuck:
		when := "by the next block"
		if left.idle > 0 {
			when = fmt.Sprintf("by the next block, %s after the last at most", left.idle)
		}
		row(w, "left waiting", plural(left.Transfers, "transfer")+" that only some nodes have, or that wait for such: taken "+when)
		row(w, "", "or the one after it. One behind a transfer that was refused for good stays until the pool needs its room")
	default:
		row(w, "left waiting", fmt.Sprintf("%s when this ended; they come into blocks by themselves", plural(left.Transfers, "transfer")))
	}
}
