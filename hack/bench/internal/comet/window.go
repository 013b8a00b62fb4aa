package comet

import (
	"context"
	"sync"
)

// window bounds how many transactions are under way: sent, and not yet in a
// block.
type window struct {
	mu   sync.Mutex
	room *sync.Cond
	free int
	size int
}

func newWindow(size int) *window {
	w := &window{free: size, size: size}
	w.room = sync.NewCond(&w.mu)
	return w
}

// take waits until n more may be under way. It returns false when ctx ends.
func (w *window) take(ctx context.Context, n int) bool {
	stop := context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.room.Broadcast()
	})
	defer stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.free < n && ctx.Err() == nil {
		w.room.Wait()
	}
	if ctx.Err() != nil {
		return false
	}
	w.free -= n
	return true
}

// force takes n in any case: a paced load is offered whether or not there is
// room.
func (w *window) force(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.free -= n
}

// give returns n: they are in a block, or were not sent after all.
func (w *window) give(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.free += n
	w.room.Broadcast()
}

// underWay is how many are.
func (w *window) underWay() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.size - w.free
}
