package httpapi

import (
	"context"

	"github.com/posnet/posnet/node/httpapi/api"
)

// places bounds how many requests of a kind are in work at once: one token each.
type places chan struct{}

// enter takes a place until release is called. There is no queue: who finds none comes back.
func (p places) enter(full string) (release func(), err error) {
	select {
	case p <- struct{}{}:
		return func() { <-p }, nil
	default:
		return nil, fail(api.CodeTooManyWaiters, full)
	}
}

// await takes a place when there is one, or fails when ctx ends before.
func (p places) await(ctx context.Context) (release func(), err error) {
	select {
	case p <- struct{}{}:
		return func() { <-p }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
