package catchup

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var errWrong = errors.New("the block is wrong")

// world is a node that is behind, and its peers. Time in it is synctest's: it passes when everybody waits, so a test with
// minutes of stalling takes none.
type world struct {
	*Catchup
	t *testing.T

	mu     sync.Mutex
	height uint64
	peers  map[string]*fake
	blamed []string
	broken uint64 // applying this height fails for a reason of our own
	began  time.Time
	others sync.WaitGroup
}

// decides has consensus decide so many blocks, one every so often.
func (w *world) decides(blocks int, every time.Duration) {
	w.others.Go(func() {
		for range blocks {
			<-time.After(every)
			w.mu.Lock()
			w.height++
			w.mu.Unlock()
		}
	})
}

// fake is a peer: what it claims, and how it answers.
type fake struct {
	claims uint64
	answer func(ctx context.Context, from uint64, max int) ([]Block, error)
	asked  int
}

func block(height uint64) Block {
	return Block{Block: fmt.Appendf(nil, "block %d", height), Certificate: fmt.Appendf(nil, "certificate of %d", height)}
}

func blocks(from, to uint64) []Block {
	var out []Block
	for h := from; h <= to; h++ {
		out = append(out, block(h))
	}
	return out
}

// honest answers after a delay with what it has up to tip, at most atOnce blocks.
func honest(tip uint64, atOnce int, delay time.Duration) func(context.Context, uint64, int) ([]Block, error) {
	return func(ctx context.Context, from uint64, count int) ([]Block, error) {
		if err := wait(ctx, delay); err != nil {
			return nil, err
		}
		return blocks(from, min(tip, from+uint64(min(count, atOnce))-1)), nil
	}
}

func stalls(ctx context.Context, _ uint64, _ int) ([]Block, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// play runs a catch-up among peers until done holds, and fails when an hour of the world's time is not enough.
func play(t *testing.T, peers map[string]*fake, done func(*world) bool, change func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, peers: peers, began: time.Now()}
		defer w.others.Wait()
		var err error
		w.Catchup, err = New(Config{
			Height: w.now, Target: func() uint64 { return 0 }, Peers: w.list, Fetch: w.fetch, Apply: w.apply,
			Hostile: func(err error) bool { return errors.Is(err, errWrong) },
			Blame: func(peer string, err error) {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.blamed = append(w.blamed, peer)
				t.Logf("blamed %s at height %d: %v", peer, w.height, err)
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if change != nil {
			change(w)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.Run(ctx) }()
		w.Hint(1)
		for !done(w) {
			if time.Since(w.began) > time.Hour {
				t.Fatalf("an hour passed: height %d, blamed %v", w.now(), w.blamed)
			}
			select {
			case err := <-ended:
				t.Fatalf("the run ended: %v", err)
			case <-time.After(50 * time.Millisecond):
			}
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Fatalf("want an end by the context, got %v", err)
		}
	})
}

func at(height uint64) func(*world) bool {
	return func(w *world) bool { return w.now() >= height }
}

func (w *world) now() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.height
}

func (w *world) list() []Peer {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []Peer
	for id, p := range w.peers {
		out = append(out, Peer{ID: id, Height: p.claims})
	}
	return out
}

func (w *world) fetch(ctx context.Context, peer string, from uint64, count int) ([]Block, error) {
	w.mu.Lock()
	p := w.peers[peer]
	p.asked++
	w.mu.Unlock()
	return p.answer(ctx, from, count)
}

func (w *world) apply(_ context.Context, b Block) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.height >= 1 && string(b.Block) == string(block(w.height).Block) {
		return nil // known already
	}
	want := block(w.height + 1)
	switch {
	case w.broken == w.height+1:
		return errors.New("disk on fire")
	case strings.HasPrefix(string(b.Block), "old"):
		return nil // not the next: no error, and no progress
	case string(b.Block) != string(want.Block):
		return fmt.Errorf("%w: %q at height %d", errWrong, b.Block, w.height)
	case string(b.Certificate) != string(want.Certificate):
		return fmt.Errorf("%w: %q certifies nothing", errWrong, b.Certificate)
	}
	w.height++
	return nil
}
