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
	if p.decided(allowed, false, &params); p.most(&params) != allowed {
		t.Fatal("a block in time changed something")
	}
	if p.decided(100, true, &params); p.most(&params) != allowed {
		t.Fatal("a round that failed with a small block made blocks smaller")
	}
	p.decided(allowed, true, &params)
	half := p.most(&params)
	if half != allowed/2 {
		t.Fatalf("after a late block of %d the next has at most %d", allowed, half)
	}
	if p.decided(half/2, false, &params); p.most(&params) != half {
		t.Fatal("a block that was not full says nothing about larger ones")
	}
	blocks := 0
	for ; p.most(&params) < allowed; blocks++ {
		if blocks == 100 {
			t.Fatalf("blocks do not grow: at most %d", p.most(&params))
		}
		p.decided(p.most(&params), false, &params)
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
				p.decided(txs, rapid.Bool().Draw(t, "late"), &params)
			} else {
				p.executed(txs, rapid.Uint64Range(0, 1000).Draw(t, "ms"), &params)
			}
			if most := p.most(&params); most < int(params.MinTxs) || most > int(params.MaxTxs) || most < min(leastFit, int(params.MaxTxs)) {
				t.Fatalf("at most %d transactions, with parameters from %d to %d", most, params.MinTxs, params.MaxTxs)
			}
		}
	})
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
		p.decided(c.last, false, &params)
		if got := p.rest(c.age, c.waiting, &params); got != c.want {
			t.Errorf("%s: %d ms, want %d", name, got, c.want)
		}
	}
}
