package httpapi

import "github.com/posnet/posnet/node/httpapi/api"

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
