package node

import (
	"container/heap"
	"context"
	"sync/atomic"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/replica"
)

const (
	tickEvery = 50 * time.Millisecond
	// inboxFrames bounds the frames that wait for the loop. When it is full,
	// frames are dropped: the vote state exchange brings back what matters.
	inboxFrames = 4096
	// inboxBytes bounds their bytes; those of peers that are no validators may
	// be half of it, so that strangers keep no vote out.
	inboxBytes = 4*chain.MaxProposalBytes + 16<<20
)

// loop is the one goroutine that owns the replica. Others reach it through
// channels.
type loop struct {
	replica *replica.Replica
	frames  chan inbound
	held    atomic.Int64 // bytes of the frames that wait, and of the one in work
	calls   chan func()
	timers  timerHeap
	height  uint64 // of the timers
	next    *time.Timer
	beat    func() // after each turn: publish what readers see
}

// inbound is a frame of a peer whose key the transport has proven.
type inbound struct {
	peer      string
	key       chain.PublicKey
	validator bool // whether key is one of the set of the moment
	kind      byte
	payload   []byte
	refused   func(error)
}

func newLoop() *loop {
	return &loop{frames: make(chan inbound, inboxFrames), calls: make(chan func(), 64), next: time.NewTimer(time.Hour)}
}

// offer hands a frame to the loop; false when there is no room.
func (l *loop) offer(f inbound) bool {
	room := int64(inboxBytes)
	if !f.validator {
		room /= 2
	}
	if n := int64(len(f.payload)); l.held.Add(n) > room {
		l.held.Add(-n)
		return false
	}
	select {
	case l.frames <- f:
		return true
	default:
		l.held.Add(-int64(len(f.payload)))
		return false
	}
}

// take hands a frame to the replica and makes room for others.
func (l *loop) take(f inbound) {
	defer l.held.Add(-int64(len(f.payload)))
	if err := l.replica.Frame(f.peer, f.key, f.kind, f.payload); err != nil && f.refused != nil {
		f.refused(err)
	}
}

// do runs fn on the loop, unless ctx ends first.
func (l *loop) do(ctx context.Context, fn func()) error {
	select {
	case l.calls <- fn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// call runs fn on the loop and waits for it.
func (l *loop) call(ctx context.Context, fn func()) error {
	done := make(chan struct{})
	if err := l.do(ctx, func() { defer close(done); fn() }); err != nil {
		return err
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run turns until ctx ends or the replica stops, and returns why it stopped.
func (l *loop) run(ctx context.Context) error {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	defer l.next.Stop()
	pool := l.replica.Pool().Changed()
	for {
		select {
		case <-ctx.Done():
			return nil
		case f := <-l.frames:
			l.take(f)
		case fn := <-l.calls:
			fn()
		case <-pool:
			l.replica.PoolChanged()
		case <-l.next.C:
			l.fire(time.Now())
		case <-tick.C:
			l.replica.Tick()
		}
		if err := l.replica.Err(); err != nil {
			return err
		}
		l.beat()
	}
}

// setTimer is called on the loop, from within the replica. Timers of a height
// that is over mean nothing, and a busy chain would pile them up: an idle limit
// may be a day away.
func (l *loop) setTimer(t consensus.Timer, after uint64) {
	if t.Height > l.height {
		l.height = t.Height
		clear(l.timers)
		l.timers = l.timers[:0]
	}
	heap.Push(&l.timers, deadline{time.Now().Add(time.Duration(after) * time.Millisecond), t})
	l.next.Reset(time.Until(l.timers[0].at))
}

func (l *loop) fire(now time.Time) {
	for l.timers.Len() > 0 && !l.timers[0].at.After(now) {
		d := heap.Pop(&l.timers).(deadline)
		l.replica.Timer(d.timer)
	}
	if l.timers.Len() > 0 {
		l.next.Reset(time.Until(l.timers[0].at))
	}
}

type deadline struct {
	at    time.Time
	timer consensus.Timer
}

type timerHeap []deadline

func (h timerHeap) Len() int           { return len(h) }
func (h timerHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h timerHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *timerHeap) Push(x any)        { *h = append(*h, x.(deadline)) }
func (h *timerHeap) Pop() any {
	old := *h
	d := old[len(old)-1]
	*h = old[:len(old)-1]
	return d
}
