package catchup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
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
	// Fetch asks a peer for blocks from a height on; it may bring fewer than max.
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
	batch    = 128              // blocks asked for at once; the transport caps bytes
	patience = 15 * time.Second // for one answer
	lookAt   = time.Second      // how often to look without a hint
	coolOff  = 10 * time.Second // a peer that failed is not asked for so long
	tellAt   = 5 * time.Second  // between two progress lines
)

// Catchup keeps one node up to date. Make it with [New], run it with
// [Catchup.Run].
type Catchup struct {
	cfg  Config
	wake chan struct{}

	mu       sync.Mutex
	resting  map[string]time.Time // peers not to be asked before
	progress Progress
}

// Progress is how far a node is.
type Progress struct {
	Height uint64
	Target uint64    // at least Height
	Since  time.Time // since when Height has been more than one below Target; now if it is not
}

// New makes a Catchup that does nothing until it runs.
func New(cfg Config) (*Catchup, error) {
	if cfg.Height == nil || cfg.Target == nil || cfg.Peers == nil || cfg.Fetch == nil || cfg.Apply == nil || cfg.Hostile == nil || cfg.Blame == nil {
		return nil, errors.New("catchup: every port is needed")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Catchup{cfg: cfg, wake: make(chan struct{}, 1), resting: map[string]time.Time{}}, nil
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

// Run catches up whenever the node is behind, until ctx ends or Apply fails for
// a reason of our own.
func (c *Catchup) Run(ctx context.Context) error {
	tick := time.NewTicker(lookAt)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.wake:
		case <-tick.C:
		}
		if err := c.advance(ctx); err != nil {
			return err
		}
	}
}

// answer is what a peer brought.
type answer struct {
	peer   string
	from   uint64
	blocks []Block
	err    error
}

// advance fetches and applies until no peer that may be asked is ahead. While
// one answer is applied the next is on its way.
func (c *Catchup) advance(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began, first, told := time.Now(), c.cfg.Height(), time.Now()
	var next chan answer
	for {
		from := c.cfg.Height() + 1
		if next == nil {
			if next = c.ask(ctx, from); next == nil {
				break
			}
		}
		a := <-next
		next = nil
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if len(a.blocks) == 0 || a.from != from {
			if a.from == from {
				c.rest(a.peer, a.err)
			}
			continue
		}
		next = c.ask(ctx, a.from+uint64(len(a.blocks)))
		if err := c.apply(ctx, a); err != nil {
			return err
		}
		if time.Since(told) > tellAt {
			told = time.Now()
			c.cfg.Log.Info("catching up", "height", c.cfg.Height(), "target", c.Progress().Target)
		}
	}
	if n := c.cfg.Height() - first; n > 1 {
		took := time.Since(began)
		c.cfg.Log.Info("caught up", "height", c.cfg.Height(), "blocks", n, "seconds", took.Seconds())
	}
	return nil
}

// apply hands blocks on. It returns only errors that are our own.
func (c *Catchup) apply(ctx context.Context, a answer) error {
	for i, b := range a.blocks {
		before := c.cfg.Height()
		err := c.cfg.Apply(ctx, b)
		switch {
		case err == nil && c.cfg.Height() >= a.from+uint64(i):
		case err == nil && c.cfg.Height() == before:
			c.blame(a.peer, fmt.Errorf("it brought another block than height %d", before+1))
			return nil
		case err == nil:
		case c.cfg.Hostile(err):
			c.blame(a.peer, err)
			return nil
		default:
			return fmt.Errorf("apply block %d: %w", a.from+uint64(i), err)
		}
	}
	return nil
}

// ask asks the peer that claims most, from those that may be asked; nil if
// none is at from.
func (c *Catchup) ask(ctx context.Context, from uint64) chan answer {
	peer, ok := c.choose(from)
	if !ok {
		return nil
	}
	out := make(chan answer, 1)
	go func() {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		blocks, err := c.cfg.Fetch(ctx, peer, from, batch)
		out <- answer{peer, from, blocks, err}
	}()
	return out
}

func (c *Catchup) choose(from uint64) (string, bool) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, until := range c.resting {
		if until.Before(now) {
			delete(c.resting, id)
		}
	}
	peers := slices.DeleteFunc(c.cfg.Peers(), func(p Peer) bool {
		_, resting := c.resting[p.ID]
		return resting || p.Height < from
	})
	if len(peers) == 0 {
		return "", false
	}
	return slices.MaxFunc(peers, func(a, b Peer) int {
		if a.Height < b.Height {
			return -1
		}
		return 1
	}).ID, true
}

func (c *Catchup) blame(peer string, err error) {
	c.cfg.Blame(peer, err)
	c.rest(peer, err)
}

func (c *Catchup) rest(peer string, err error) {
	c.cfg.Log.Debug("peer passed over", "peer", peer, "error", err)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resting[peer] = time.Now().Add(coolOff)
}
