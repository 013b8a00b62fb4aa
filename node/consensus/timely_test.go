package consensus

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
)

// TestTheClockOfAVoterBoundsAFreshBlocksTimeOnBothSides: a block from far ahead
// would move the chain's time where no honest block can follow, one from far
// behind lets its forger choose.
func TestTheClockOfAVoterBoundsAFreshBlocksTimeOnBothSides(t *testing.T) {
	t.Parallel()
	const parent, now, drift = 1_000_000, 2_000_000, 5000
	for name, c := range map[string]struct {
		time, round uint64
		timely      bool
	}{
		"as the clock says":                      {now, 0, true},
		"ahead by the drift":                     {now + drift, 0, true},
		"ahead by more":                          {now + drift + 1, 0, false},
		"years ahead":                            {now + 1<<40, 0, false},
		"behind by the drift":                    {now - drift, 0, true},
		"behind by more":                         {now - drift - 1, 0, false},
		"ahead by what round 1 allows":           {now + 2*drift, 1, true},
		"ahead by more than round 1 allows":      {now + 2*drift + 1, 1, false},
		"behind by what round 3 allows":          {now - 4*drift, 3, true},
		"behind by more than round 3 allows":     {now - 4*drift - 1, 3, false},
		"of the parent's time":                   {parent, 1 << 20, false},
		"just after the parent, in a late round": {parent + 1, 1 << 20, true},
	} {
		core := New(Config{})
		core.rules.Params.ClockDrift, core.parentTime = drift, parent
		p := Proposal{signed: chain.SignedProposal{Round: c.round, ValidRound: -1}, block: &chain.Block{Header: chain.Header{Time: c.time}}, received: now}
		if got := core.timely(&p); got != c.timely {
			t.Errorf("a block %s: timely %v, want %v", name, got, c.timely)
		}
	}
}
