package catchup

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// node is a node that is behind, with peers that are honest and take a second for an answer. Time in it is synctest's: it
// passes when everybody waits, so a test with minutes of stalling takes none.
type node struct {
	*Catchup
	mu      sync.Mutex
	height  uint64
	tip     uint64
	slow    time.Duration // one block takes to be applied
	broken  uint64        // applying this height fails for a reason of our own
	stalls  bool          // no peer answers
	lazy    time.Duration // all answers but those with the first block take so much longer
	fetches int           // under way
	fetched int           // in all
	most    int           // of these, and of those that waited while something was applied
	here    int           // answers since the last block was applied
}

func (n *node) config() Config {
	height := func() uint64 {
		n.mu.Lock()
		defer n.mu.Unlock()
		return n.height
	}
	return Config{
		Height: height, Target: func() uint64 { return 0 },
		Peers: func() []Peer {
			var out []Peer
			for i := range 4 {
				out = append(out, Peer{ID: fmt.Sprint(i), Height: n.tip})
			}
			return out
		},
		Fetch: n.fetch, Apply: n.apply,
		Hostile: func(err error) bool { return errors.Is(err, errWrong) },
		Blame:   func(peer string, err error) { panic(fmt.Sprint("blamed: ", peer, err)) },
	}
}

func (n *node) fetch(ctx context.Context, _ string, from uint64, count int) ([]Block, error) {
	n.mu.Lock()
	n.fetches++
	after := time.After(time.Second)
	if n.fetched++; from > 1 {
		after = time.After(time.Second + n.lazy)
	}
	n.mu.Unlock()
	if n.stalls {
		after = nil
	}
	defer func() {
		n.mu.Lock()
		n.fetches--
		n.here++
		n.most = max(n.most, n.here)
		n.mu.Unlock()
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-after:
		return blocks(from, min(n.tip, from+uint64(count)-1)), nil
	}
}

func (n *node) apply(_ context.Context, b Block) error {
	time.Sleep(n.slow) // of synctest's time
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.broken == n.height+1:
		return errors.New("disk on fire")
	case string(b.Block) != string(block(n.height+1).Block):
		return errWrong
	}
	n.height++
	n.here = 0
	return nil
}

func (n *node) run(ctx context.Context, t *testing.T) error {
	t.Helper()
	var err error
	if n.Catchup, err = New(n.config()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, 24*time.Hour) // of synctest's time
	defer cancel()
	return n.Run(ctx)
}

func TestANodeFetchesWhileItApplies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &node{tip: 10 * StretchBlocks, slow: 100 * time.Millisecond}
		ctx, cancel := context.WithCancel(t.Context())
		began, ended := time.Now(), make(chan error, 1)
		go func() { ended <- n.run(ctx, t) }()
		for h := uint64(0); h < n.tip; time.Sleep(10 * time.Millisecond) {
			n.mu.Lock()
			h = n.height
			n.mu.Unlock()
		}
		// One answer is waited for; all others come while blocks are applied.
		if took, want := time.Since(began), time.Second+time.Duration(n.tip)*n.slow; took > want+time.Second {
			t.Errorf("want %v, it took %v", want, took)
		}
		time.Sleep(time.Second)
		if p := n.Progress(); p.Active || p.Height != n.tip || p.Rate < 9 || p.Rate > 10 {
			t.Errorf("want the rate of ten blocks a second or a little less, and rest: %+v", p)
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("want an end by the context, got %v", err)
		}
	})
}

func TestAnAnswerIsNotLateBecauseABlockTakesLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &node{tip: 4 * StretchBlocks, slow: 2 * patience, broken: 2*StretchBlocks + 2}
		if err := n.run(t.Context(), t); err == nil || n.height != 2*StretchBlocks+1 {
			t.Fatalf("want an end at height %d, got %d, %v", 2*StretchBlocks+1, n.height, err)
		}
		if n.most < 3 || n.fetched != 4 {
			t.Fatalf("want three answers to wait while the first block is applied, and no further request; %d waited, %d were asked", n.most, n.fetched)
		}
	})
	// But one that was late is late, however long the block took.
	synctest.Test(t, func(t *testing.T) {
		n := &node{tip: 4 * StretchBlocks, slow: 2 * patience, broken: 3, lazy: patience}
		if err := n.run(t.Context(), t); err == nil || n.height != 2 {
			t.Fatalf("want an end at height 2, got %d, %v", n.height, err)
		}
		if n.fetched <= 4 {
			t.Fatalf("want the late stretches to be asked for again, there were %d requests", n.fetched)
		}
	})
}

func TestAHintWakesANode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &node{}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- n.run(ctx, t) }()
		time.Sleep(lookEvery / 2)
		synctest.Wait()
		n.tip = 10
		for range 10 {
			n.Hint(10) // never blocks
		}
		synctest.Wait()
		n.mu.Lock()
		if n.fetches != 1 {
			t.Errorf("want one request on its way, there are %d", n.fetches)
		}
		n.mu.Unlock()
		cancel()
		<-ended
	})
}

func TestTheEndEndsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &node{tip: 1000, stalls: true}
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		if err := n.run(ctx, t); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("want the end of the context, got %v", err)
		}
		if n.fetches != 0 {
			t.Fatalf("%d requests are still under way", n.fetches)
		}
	})
}

func TestProgressSaysSinceWhenANodeIsBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		height, target := uint64(10), uint64(11)
		cfg := (&node{}).config()
		cfg.Height, cfg.Target = func() uint64 { return height }, func() uint64 { return target }
		c, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		c.Progress()
		<-time.After(time.Minute)
		if p := c.Progress(); time.Since(p.Since) != 0 || p.Height != 10 || p.Target != 11 {
			t.Fatalf("one block is not behind: %+v", p)
		}
		target = 20
		<-time.After(time.Minute)
		if p := c.Progress(); time.Since(p.Since) != time.Minute {
			t.Fatalf("behind for a minute, not %v", time.Since(p.Since))
		}
		height = 30
		if p := c.Progress(); p.Target != 30 || time.Since(p.Since) != 0 {
			t.Fatalf("a target is never below what is decided: %+v", p)
		}
	})
}

func TestNewWantsEveryPort(t *testing.T) {
	t.Parallel()
	if _, err := New(Config{}); err == nil {
		t.Fatal("want an error")
	}
}
