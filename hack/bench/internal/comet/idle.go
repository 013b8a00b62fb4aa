package comet

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// idleWarmup is how many transactions go before those that are measured.
const idleWarmup = 5

// idle sends transactions one at a time, to the nodes in turn, each when the
// one before is committed by the node it was sent to. It returns how long each
// took from before it was sent.
func (l *loader) idle(ctx context.Context, count int) ([]time.Duration, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var blocks []chan committed // of each node, those with transactions
	for _, n := range l.net.nodes {
		c := make(chan committed, 16)
		stop, err := n.rpc.subscribe(ctx, func(b committed) {
			if b.txs > 0 {
				select {
				case c <- b:
				case <-ctx.Done():
				}
			}
		}, func(err error) { cancel(err) })
		if err != nil {
			return nil, err
		}
		defer stop()
		blocks = append(blocks, c)
	}
	defer cancel(nil) // before the subscriptions stop, which wait for their callbacks
	var times []time.Duration
	for i := range idleWarmup + count {
		if i%10 == 0 {
			l.setup.Tellf("one at a time, %d of %d", max(0, i-idleWarmup), count)
		}
		to := l.net.nodes[i%len(l.net.nodes)]
		seq := l.next.Add(1) - 1
		began := time.Now()
		answer, err := to.rpc.post(ctx, appendBatch(nil, l.txs, []uint64{seq}))
		if err == nil {
			_, err = refused(answer, 1)
		}
		if err != nil {
			return nil, fmt.Errorf("send to %s: %w", to.rpc.address, err)
		}
		var own committed
		for j := range blocks { // every node has to have it, or the next one meets a network at work
			b, err := receive(ctx, blocks[j])
			if err != nil {
				return nil, err
			}
			if j == i%len(l.net.nodes) {
				own = b
			}
		}
		txs, err := to.rpc.block(ctx, own.height)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(txs, seq) {
			return nil, fmt.Errorf("transaction %d is not in block %d: somebody else uses this network", seq, own.height)
		}
		if i >= idleWarmup {
			times = append(times, own.at.Sub(began))
		}
	}
	return times, nil
}

func receive(ctx context.Context, c <-chan committed) (committed, error) {
	timeout := time.NewTimer(30 * time.Second)
	defer timeout.Stop()
	select {
	case b := <-c:
		return b, nil
	case <-ctx.Done():
		return committed{}, context.Cause(ctx)
	case <-timeout.C:
		return committed{}, fmt.Errorf("a transaction is in no block after 30 s")
	}
}
