package main

import (
	"context"
	"sync"
)

// window bounds how many transfers are sent and not yet seen in a block. One of size 0 bounds nothing.
type window struct {
	mu   sync.Mutex
	room *sync.Cond
	size int
	used int
}

func newWindow(size int) *window {
	w := &window{size: size}
	w.room = sync.NewCond(&w.mu)
	return w
}

// take waits until n more fit, and reports false if ctx ends before.
func (w *window) take(ctx context.Context, n int) bool {
	if w.size == 0 {
		return ctx.Err() == nil
	}
	stop := context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.room.Broadcast()
	})
	defer stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.used+n > w.size && ctx.Err() == nil {
		w.room.Wait()
	}
	if ctx.Err() != nil {
		return false
	}
	w.used += n
	return true
}

// give makes room for n: they are in a block, or never will be.
func (w *window) give(n int) {
	if w.size == 0 || n == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.used -= n
	w.room.Broadcast()
}
