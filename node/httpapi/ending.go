package httpapi

import (
	"context"
	"sync"
	"time"
)

// ending is a context that ends at a time, as [context.WithDeadline] does, and makes its timer only when somebody looks
// whether it has: most requests are answered from memory, and never wait for anything.
//
// The one who made it must call cancel.
type ending struct {
	context.Context
	at time.Time

	mu    sync.Mutex
	ended bool            // cancel was called
	real  context.Context // nil until somebody looks
	stop  context.CancelFunc
}

// cancel ends the context, and frees what it holds.
func (e *ending) cancel() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended = true; e.stop != nil {
		e.stop()
	}
}

// begun is the context that ends by a timer.
func (e *ending) begun() context.Context {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.real == nil {
		e.real, e.stop = context.WithDeadline(e.Context, e.at)
		if e.ended {
			e.stop()
		}
	}
	return e.real
}

// Deadline implements [context.Context].
func (e *ending) Deadline() (time.Time, bool) {
	if at, ok := e.Context.Deadline(); ok && at.Before(e.at) {
		return at, true
	}
	return e.at, true
}

// Done implements [context.Context].
func (e *ending) Done() <-chan struct{} { return e.begun().Done() }

// Err implements [context.Context].
func (e *ending) Err() error { return e.begun().Err() }

// Value implements [context.Context]. Package context asks by it whether a parent that ends is its own kind, in which case a
// child costs no goroutine.
func (e *ending) Value(key any) any {
	e.mu.Lock()
	ctx := e.real
	e.mu.Unlock()
	if ctx == nil {
		ctx = e.Context
	}
	return ctx.Value(key)
}
