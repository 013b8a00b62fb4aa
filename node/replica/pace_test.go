package replica

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/posnet/posnet/node/chain"
)

func TestBlocksShrinkWhileTheyComeLateAndGrowAgain(t *testing.T) {
	t.Parallel()
	params := chain.DefaultParams()
	allowed := int(params.MaxTxs)
	var p pace
	if p.decided(allowed, inTime, &params); p.most(&params) != allowed {
		t.Fatal("a block in time changed something")
	}
	if p.decided(100, late, &params); p.most(&params) != allowed {
		t.Fatal("a round that failed with a small block made blocks smaller")
	}
	p.decided(allowed, late, &params)
	half := p.most(&params)
	if half != allowed/2 {
		t.Fatalf("after a late block of %d the next has at most %d", allowed, half)
	}
	if p.decided(half/2, inTime, &params); p.most(&params) != half {
		t.Fatal("a block that was not full says nothing about larger ones")
	}
	blocks := 0
	for ; p.most(&params) < allowed; blocks++ {
		if blocks == 100 {
			t.Fatalf("blocks do not grow: at most %d", p.most(&params))
		}
		p.decided(p.most(&params), inTime, &params)
	}
	if blocks < 8 {
		t.Errorf("blocks are back at their size after %d", blocks)
	}
	p.executed(allowed, params.ProposeTimeout/executeShare+1, &params)
	if p.most(&params) != allowed/2 {
		t.Errorf("execution was slow, and the next block has at most %d", p.most(&params))
	}
}

// Whatever happens, a block may have what makes it valid, and no more than is allowed.
func TestThePaceKeepsToTheParameters(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		params := chain.DefaultParams()
		params.MaxTxs = rapid.Uint64Range(1, 10_000).Draw(t, "maxTxs")
		params.MinTxs = rapid.Uint64Range(1, params.MaxTxs).Draw(t, "minTxs")
		var p pace
		for range rapid.IntRange(0, 60).Draw(t, "events") {
			txs := rapid.IntRange(0, int(params.MaxTxs)).Draw(t, "txs")
			if rapid.Bool().Draw(t, "decision") {
				p.decided(txs, rapid.SampledFrom([]came{inTime, late, behindOthers}).Draw(t, "when"), &params)
			} else {
				p.executed(txs, rapid.Uint64Range(0, 1000).Draw(t, "ms"), &params)
			}
			if most := p.most(&params); most < int(params.MinTxs) || most > int(params.MaxTxs) || most < min(leastFit, int(params.MaxTxs)) {
				t.Fatalf("at most %d transactions, with parameters from %d to %d", most, params.MinTxs, params.MaxTxs)
			}
		}
	})
}

// Each round that failed halves a block, down to the size that is not to blame, and says nothing about the next height.
func TestBlocksShrinkWithEachRoundThatFails(t *testing.T) {
	t.Parallel()
	params := chain.DefaultParams()
	var p pace
	for round, want := range map[uint64]int{0: 5000, 1: 2500, 2: 1250, 3: 625, 4: leastFit, 40: leastFit, 1 << 63: leastFit} {
		if got := p.mostIn(round, &params); got != want {
			t.Errorf("round %d: at most %d, want %d", round, got, want)
		}
	}
	if got := p.most(&params); got != 5000 {
		t.Errorf("the next height has at most %d", got)
	}
	if p.decided(2500, behindOthers, &params); p.most(&params) != 2500 {
		t.Errorf("a block of 2500 was in time where larger ones were not, and the next has at most %d", p.most(&params))
	}
	if p.decided(300, behindOthers, &params); p.most(&params) != 2500 {
		t.Errorf("a small block behind others has the next one be of %d at most", p.most(&params))
	}
	if p.decided(3000, behindOthers, &params); p.most(&params) != 2500 {
		t.Errorf("a larger block of another forger has the next one be of %d at most", p.most(&params))
	}
	p = pace{}
	params.MinTxs, params.MaxTxs = 3, 200
	if got := p.mostIn(9, &params); got != 200 {
		t.Errorf("blocks of 200 shrink to %d: they are not what makes rounds fail", got)
	}
	params.MinTxs, params.MaxTxs = 4000, 5000
	if got := p.mostIn(9, &params); got != 4000 {
		t.Errorf("at most %d, and a block needs 4000", got)
	}
}

// Only the forger of a busy chain rests, and never for longer than its share of a timeout.
func TestBlocksOfABusyChainAreApart(t *testing.T) {
	t.Parallel()
	params := chain.DefaultParams()
	gap := params.ProposeTimeout / restShare
	for name, c := range map[string]struct {
		last    int
		age     uint64
		waiting int
		want    uint64
	}{
		"one by one":              {1, 0, 1, 0},
		"busy":                    {busyBlock, 10, 1, gap - 10},
		"busy, right behind":      {busyBlock, 0, fullBlock - 1, gap},
		"busy, and enough waits":  {busyBlock, 10, fullBlock, 0},
		"busy, and long ago":      {busyBlock, gap, 1, 0},
		"nearly busy":             {busyBlock - 1, 10, 1, 0},
		"long ago, by years":      {busyBlock, 1 << 40, 1, 0},
		"a full block before it":  {int(params.MaxTxs), gap - 1, 1, 1},
		"the first of the chain":  {0, 0, 0, 0},
		"busy, and nothing waits": {busyBlock, 0, 0, gap},
	} {
		p := pace{}
		p.decided(c.last, inTime, &params)
		if got := p.rest(c.age, c.waiting, &params); got != c.want {
			t.Errorf("%s: %d ms, want %d", name, got, c.want)
		}
	}
}

func TestABlockIsLateWhenItWasProposedBeforeItsRound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		proposed, decided uint64
		seen              int
		want              came
	}{
		"in its round":                   {0, 0, 1, inTime},
		"beside another, in round 0":     {0, 0, 2, inTime}, // a forger that contradicts itself
		"a round later":                  {0, 1, 1, late},
		"a round later, beside another":  {1, 2, 2, late},
		"behind a forger that was away":  {1, 1, 1, inTime},
		"behind a block that came late":  {1, 1, 2, behindOthers},
		"behind several that came late":  {3, 3, 4, behindOthers},
		"one that nobody here saw first": {2, 2, 0, inTime},
	} {
		r := &Replica{forged: map[chain.Hash]uint64{}}
		for i := range c.seen {
			r.forged[chain.Hash{byte(i)}] = 1
		}
		if got := r.came(c.proposed, c.decided); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
