package node

import (
	"context"
	"sync"

	"github.com/posnet/posnet/node/chain"
)

// waiters are the requests that wait for transactions to become final.
type waiters struct {
	mu sync.Mutex
	of map[chain.Hash][]chan error
}

func newWaiters() *waiters { return &waiters{of: map[chain.Hash][]chan error{}} }

// add registers a waiter. The caller must call the returned function.
func (w *waiters) add(id chain.Hash) (<-chan error, func()) {
	ch := make(chan error, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.of[id] = append(w.of[id], ch)
	return ch, func() { w.remove(id, ch) }
}

func (w *waiters) remove(id chain.Hash, ch chan error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.of[id]
	for i, c := range all {
		if c == ch {
			all = append(all[:i:i], all[i+1:]...)
			break
		}
	}
	if w.of[id] = all; len(all) == 0 {
		delete(w.of, id)
	}
}

// tell answers all who wait for these transactions.
func (w *waiters) tell(err error, ids ...chain.Hash) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.of) == 0 {
		return
	}
	for _, id := range ids {
		for _, ch := range w.of[id] {
			select {
			case ch <- err:
			default: // told before
			}
		}
	}
}

// blocks are the requests that wait for the next block: all of them wait for one event.
type blocks struct {
	mu     sync.Mutex
	height uint64
	next   chan struct{} // is closed when height changes
}

func newBlocks() *blocks { return &blocks{next: make(chan struct{})} }

// reached says that the chain is at a height.
func (b *blocks) reached(height uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if height == b.height {
		return
	}
	b.height = height
	close(b.next)
	b.next = make(chan struct{})
}

// wait returns nil once the chain is at a height or above, or the context's error.
func (b *blocks) wait(ctx context.Context, height uint64) error {
	for {
		b.mu.Lock()
		at, next := b.height, b.next
		b.mu.Unlock()
		if at >= height {
			return nil
		}
		select {
		case <-next:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// wait returns what it is told, or the context's error.
func wait(ctx context.Context, ch <-chan error) error {
	select {
	case err := <-ch:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
