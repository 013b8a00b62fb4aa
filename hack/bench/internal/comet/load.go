package comet

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/posnet/posnet/hack/bench/internal/figure"
	"github.com/posnet/posnet/hack/bench/internal/proc"
	"github.com/posnet/posnet/hack/bench/internal/round"
)

const (
	// perNode is how many connections send to each node.
	perNode = 2
	// drain is how long the rest may take to come into blocks afterwards.
	drain = time.Minute
)

// loader makes the load of one network.
type loader struct {
	net   *network
	setup round.Setup
	txs   *transactions
	next  atomic.Uint64
	batch int
}

// phase loads the network, at a rate or (0) as much as it takes, and measures
// it after the warm-up.
func (l *loader) phase(ctx context.Context, name string, rate float64, warmup, duration time.Duration) (figure.Load, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	before, err := proc.DiskUsage(l.net.dirs()...)
	if err != nil {
		return figure.Load{}, err
	}
	win := newWindow(l.setup.InFlight)
	heard := &hearing{win: win}
	unsubscribe, err := l.net.nodes[0].rpc.subscribe(ctx, heard.hear, func(err error) { cancel(err) })
	if err != nil {
		return figure.Load{}, err
	}
	defer unsubscribe()

	nodes := proc.Sample(ctx, l.net.pids()...)
	self := proc.Sample(ctx, os.Getpid())
	began := time.Now()
	from, to := began.Add(warmup), began.Add(warmup+duration)
	senders, full, err := l.send(ctx, cancel, win, heard, name, rate, began, to)
	if err == nil {
		err = l.settle(ctx, win)
	}
	nodesTook, selfTook := nodes.Stop(), self.Stop()
	if err != nil {
		return figure.Load{}, err
	}
	after, err := proc.DiskUsage(l.net.dirs()...)
	if err != nil {
		return figure.Load{}, err
	}
	unsubscribe()
	blocks, err := l.read(ctx, heard.all)
	if err != nil {
		return figure.Load{}, err
	}
	var taken []sent
	for _, s := range senders {
		taken = append(taken, s.taken...)
	}
	from, to = widen(blocks, from, to)
	load := analyse(blocks, taken, from, to)
	load.NodeCPU, load.GeneratorCPU = nodesTook.CPU(from, to), selfTook.CPU(from, to)
	load.MemoryMax, load.MemoryMean = nodesTook.Memory(from, to)
	load.DiskBytes = float64(after - before)
	l.setup.Tellf("%s: %d committed in %.0f s, a mempool was full %d times", name, load.Final, load.Seconds, full)
	return load, nil
}

// send runs the senders until a time.
func (l *loader) send(ctx context.Context, cancel context.CancelCauseFunc, win *window, heard *hearing, name string, rate float64, began, to time.Time) ([]*sender, uint64, error) {
	sending, stop := context.WithDeadline(ctx, to)
	defer stop()
	var full atomic.Uint64
	var senders []*sender
	var all sync.WaitGroup
	each := rate / float64(perNode*len(l.net.nodes))
	for i := range perNode * len(l.net.nodes) {
		s := &sender{rpc: l.net.nodes[i%len(l.net.nodes)].rpc, txs: l.txs, next: &l.next, win: win, batch: l.batch, full: &full}
		senders = append(senders, s)
		all.Go(func() {
			var err error
			if rate > 0 {
				err = s.pace(sending, began.Add(time.Duration(i)*pacedTick/perNode/time.Duration(len(l.net.nodes))), each)
			} else {
				err = s.flood(sending)
			}
			if err != nil {
				cancel(err)
			}
		})
	}
	for last := 0; wait(sending, time.Second) == nil; {
		txs := heard.count()
		l.setup.Tellf("%s %3.0f of %.0f s  %6d committed a second  %6d under way  %d times a full mempool", name, time.Since(began).Seconds(),
			to.Sub(began).Seconds(), txs-last, win.underWay(), full.Load())
		last = txs
	}
	all.Wait()
	if ctx.Err() != nil {
		return nil, 0, context.Cause(ctx)
	}
	return senders, full.Load(), nil
}

// settle waits until what is under way is in blocks. What the nodes have
// dropped does not hold it up for ever.
func (l *loader) settle(ctx context.Context, win *window) error {
	for deadline := time.Now().Add(drain); win.underWay() > 0 && time.Now().Before(deadline); {
		l.setup.Tellf("%d under way", win.underWay())
		if err := wait(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// read reads the blocks that were heard of.
func (l *loader) read(ctx context.Context, heard []committed) ([]block, error) {
	out := make([]block, 0, len(heard))
	for i, h := range heard {
		if i%20 == 0 {
			l.setup.Tellf("counting block %d of %d", i, len(heard))
		}
		b := block{at: h.at}
		if h.txs > 0 {
			var err error
			if b.txs, err = l.net.nodes[0].rpc.block(ctx, h.height); err != nil {
				return nil, err
			}
			if len(b.txs) != h.txs {
				return nil, fmt.Errorf("block %d holds %d transactions, and was told to hold %d", h.height, len(b.txs), h.txs)
			}
		}
		out = append(out, b)
	}
	return out, nil
}

// hearing keeps what a subscription tells.
type hearing struct {
	win *window
	mu  sync.Mutex
	all []committed
	txs int
}

func (h *hearing) hear(b committed) {
	h.win.give(b.txs)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, b)
	h.txs += b.txs
}

func (h *hearing) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.txs
}
