package faults

import (
	"math"

	"github.com/posnet/posnet/node/chain"
)

var invalidTimeFuture = invalidBlock("time-future", "is farther ahead of the clock than a fresh block may be", func(t *turn) *chain.Block {
	d := t.plan(t.view, t.round)
	d.time = t.world.Now() + t.view.Params.ClockDrift*(1+t.round) + 1000 + t.r.Uint64N(1_000_000)
	if t.chance(0.1) {
		d.time = math.MaxUint64
	}
	return t.forge(t.view, d)
})
