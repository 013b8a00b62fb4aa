package catchup

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Peer is somebody to ask.
type Peer struct {
	ID     string
	Height uint64 // what it claims to have decided
}

// Block is a final block as it travels, unverified.
type Block struct{ Block, Certificate []byte }

// Config is what catching up needs of the node. All fields but Log are needed.
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
	// ends. It is called concurrently, at most twice at a time for one peer.
	Fetch func(ctx context.Context, peer string, from uint64, max int) ([]Block, error)
	// Apply verifies a block and its certificate and commits it. A block that is
	// not the next is no error.
	Apply func(ctx context.Context, b Block) error
	// Hostile tells whether an error of Apply is the sender's fault; others are
	// our own, and end the run.
	Hostile func(error) bool
	// Blame is told who was at fault.
	Blame func(peer string, err error)
	Log   *slog.Logger
}

const (
	// Window is how many stretches of blocks are fetched or held at once.
	Window = 4

	stretchBlocks = 128                    // asked for at once; the transport caps bytes
	patience      = 15 * time.Second       // for one answer
	hurry         = 2 * time.Second        // after which another peer is asked for what is needed next
	lookEvery     = time.Second            // how often to look without a hint
	grace         = 150 * time.Millisecond // for consensus to bring a single block
	tellEvery     = 5 * time.Second        // between two progress lines
)

// Catchup keeps one node up to date. Make it with [New], run it with [Catchup.Run].
type Catchup struct {
	cfg  Config
	wake chan struct{}
	book book // used by the goroutine of Run alone

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
	return &Catchup{cfg: cfg, wake: make(chan struct{}, 1), book: newBook()}, nil
}

// Hint says that somebody claims a height. It never blocks.
func (c *Catchup) Hint(height uint64) {
	if height <= c.cfg.Height() {
		return
	}
	select {
	case c.wake <- struct{}{}:
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

func (c *Catchup) note(active bool, rate float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.progress.Active, c.progress.Rate = active, rate
}

// Run catches up whenever the node is behind, until ctx ends or Apply fails for a reason of our own.
func (c *Catchup) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.wake:
		case <-tick.C:
		}
		height := c.cfg.Height()
		ahead := c.highest()
		if ahead <= height {
			continue
		}
		if ahead == height+1 {
			if err := wait(ctx, grace); err != nil {
				return err
			}
			if c.cfg.Height() > height {
				continue
			}
		}
		if err := c.advance(ctx); err != nil {
			return err
		}
	}
}

// highest is the most that a peer which may be asked claims.
func (c *Catchup) highest() uint64 {
	top, now := uint64(0), time.Now()
	for _, p := range c.cfg.Peers() {
		if !c.book.resting(p.ID, now) {
			top = max(top, p.Height)
		}
	}
	return top
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
