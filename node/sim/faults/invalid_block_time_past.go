package faults

import "github.com/posnet/posnet/node/chain"

var invalidTimePast = spoiltHeader("time-past", "is not younger than its parent, or too old to be fresh", func(t *turn, h *chain.Header) {
	switch t.r.IntN(3) {
	case 0:
		h.Time = t.view.Time
	case 1:
		h.Time = t.view.Time - 1 - t.r.Uint64N(100_000)
	default:
		h.Time = 1 + t.r.Uint64N(1<<40)
	}
})
