package catchup

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Config is what catching up needs of the node. All fields but Log are needed, and all functions may be called from any
// goroutine.
type Config struct {
	// Height is the last height decided here.
	Height func() uint64
	// Target is the height that the node has reason to believe final: what
	// validators with more than a third of the stake claim, so that one of them
	// is honest. It measures progress and decides nothing.
	Target func() uint64
	// Peers lists whom to ask, in any order.
	Peers func() []Peer
	// Fetch asks a peer for blocks from a height on; it may bring fewer than max,
	// and along with an error those that came whole. It returns soon after ctx
	// ends. It is called concurrently, at most [PerPeer] times at once for one
	// peer and [MaxRequests] times in all.
	Fetch func(ctx context.Context, peer string, from uint64, max int) ([]Block, error)
	// Apply verifies a block and its certificate and commits it. A block that is
	// not the next is no error. Fetching goes on meanwhile.
	Apply func(ctx context.Context, b Block) error
	// Hostile tells whether an error of Apply is the sender's fault; others, but
	// for [ErrLater], are our own, and end the run.
	Hostile func(error) bool
	// Blame is told who was at fault.
	Blame func(peer string, err error)
	Log   *slog.Logger
}

const tellEvery = 5 * time.Second // between two progress lines

// Catchup keeps one node up to date: it drives an [Engine] with the real clock and asks peers in goroutines. Make it with
// [New], run it with [Catchup.Run].
type Catchup struct {
	cfg   Config
	hints chan uint64

	mu       sync.Mutex
	progress Progress
}

// Progress is how far a node is.
type Progress struct {
	Height uint64
	Target uint64    // at least Height
	Since  time.Time // since when Height has been more than one below Target; now if it is not
	Active bool      // blocks are being fetched
	Rate   float64   // blocks applied per second in the run under way, or in the last one
}

// New makes a Catchup that does nothing until it runs.
func New(cfg Config) (*Catchup, error) {
	if cfg.Height == nil || cfg.Target == nil || cfg.Peers == nil || cfg.Fetch == nil || cfg.Apply == nil || cfg.Hostile == nil || cfg.Blame == nil {
		return nil, errors.New("catchup: every port is needed")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Catchup{cfg: cfg, hints: make(chan uint64, 1)}, nil
}

// Hint says that somebody claims a height. It never blocks.
func (c *Catchup) Hint(height uint64) {
	if height <= c.cfg.Height() {
		return
	}
	select {
	case c.hints <- height:
	default:
	}
}

// Progress says how far the node is. It may be called from any goroutine.
func (c *Catchup) Progress() Progress {
	height := c.cfg.Height()
	target := max(height, c.cfg.Target())
	c.mu.Lock()
	defer c.mu.Unlock()
	if target <= height+1 || c.progress.Since.IsZero() {
		c.progress.Since = time.Now()
	}
	c.progress.Height, c.progress.Target = height, target
	return c.progress
}

// Run catches up whenever the node is behind, until ctx ends or Apply fails for a reason of our own.
func (c *Catchup) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	d := &driver{
		Catchup: c, ctx: ctx, start: time.Now(),
		answers: make(chan answer, MaxRequests), // as many as there are requests: nobody waits to put one in
		cancels: map[RequestID]context.CancelFunc{},
	}
	defer d.fetching.Wait()
	defer cancel()
	var err error
	d.engine, err = NewEngine(Ports{
		Height: c.cfg.Height, Peers: c.cfg.Peers, Ask: d.ask, Cancel: func(id RequestID) { d.cancels[id]() },
		Apply:   func(b Block) error { return c.cfg.Apply(ctx, b) },
		Hostile: c.cfg.Hostile, Blame: c.cfg.Blame,
		Passed: func(peer string, rest time.Duration, err error) {
			c.cfg.Log.Debug("peer passed over", slog.String("peer", peer), slog.Duration("rest", rest), slog.Any("error", err))
		},
	})
	for err == nil {
		err = d.input()
		d.tell()
	}
	return err
}
