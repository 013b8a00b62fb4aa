package replica

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/posnet/posnet/node/chain"
)

func TestBlocksShrinkWhileTheyComeLateAndGrowAgain(t *testing.T) {
	t.Parallel()
	params := chain.DefaultParams()
	allowed := int(params.MaxTxs)
	var p pace
	if p.decided(allowed, inTime, 0, &params); p.most(&params) != allowed {
		t.Fatal("a block in time changed something")
	}
	if p.decided(100, late, 1, &params); p.most(&params) != allowed {
		t.Fatal("a round that failed with a small block made blocks smaller")
	}
	p.decided(allowed, late, 1, &params)
	half := p.most(&params)
	if half != allowed/2 {
		t.Fatalf("after a late block of %d the next has at most %d", allowed, half)
	}
	if p.decided(half/2, inTime, 0, &params); p.most(&params) != half {
		t.Fatal("a block that was not full says nothing about larger ones")
	}
	blocks := 0
	for ; p.most(&params) < allowed; blocks++ {
		if blocks == 100 {
			t.Fatalf("blocks do not grow: at most %d", p.most(&params))
		}
		p.decided(p.most(&params), inTime, 0, &params)
	}
	if blocks < 5 {
		t.Errorf("blocks are back at the size that was too late after %d", blocks)
	}
}

// A block far smaller than what was too late costs more than it saves: four blocks lead back from a quarter to three quarters.
func TestBlocksGrowQuicklyUntilNearWhatWasTooLarge(t *testing.T) {
	t.Parallel()
	params := chain.DefaultParams()
	p := pace{fit: 1000, tooLarge: 4000}
	var sizes []int
	for range 8 {
		p.decided(p.most(&params), inTime, 0, &params)
		sizes = append(sizes, p.most(&params))
	}
	if want := []int{1251, 1564, 1956, 2446, 3001, 3189, 3389, 3601}; !slices.Equal(sizes, want) {
		t.Errorf("%v, want %v", sizes, want)
	}
}

// What execution says goes by how long it took, so that one moment in which a machine stood still costs half at most.
func TestABlockThatTookTooLongToExecuteSaysHowMuchFits(t *testing.T) {
	t.Parallel()
	params := chain.DefaultParams()
	may := params.ProposeTimeout / executeShare
	for _, c := range []struct {
		before    int
		txs       int
		took      uint64
		want      int
		wantLarge int
	}{
		{0, 5000, may, 5000, 0},
		{0, 5000, may * 5 / 4, 4006, 5000}, // in whole milliseconds
		{0, 5000, may * 3, 2500, 5000},
		{0, 5000, 1 << 40, 2500, 5000},
		{3000, 5000, may * 5 / 4, 3000, 5000}, // another forger's
		{0, leastFit, may * 3, 5000, 0},
		{0, leastFit + 1, may * 3, leastFit, leastFit + 1},
	} {
		p := pace{fit: c.before}
		if p.executed(c.txs, c.took, &params); p.most(&params) != c.want || p.tooLarge != c.wantLarge {
			t.Errorf("%d transactions took %d of %d ms: at most %d, want %d", c.txs, c.took, may, p.most(&params), c.want)
		}
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
				p.decided(txs, rapid.SampledFrom([]came{inTime, late, behindOthers}).Draw(t, "when"), rapid.Uint64Range(0, 50).Draw(t, "round"), &params)
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
	for _, c := range []struct {
		before, txs int
		round       uint64
		want        int
	}{
		{0, 2500, 1, 2500},
		{0, 1250, 2, 1250},
		{2500, 3000, 1, 2500},         // another forger's
		{0, 501, 1, 2500},             // no more waited
		{0, 300, 1, 2500},             // the same
		{1000, leastFit, 1, leastFit}, // or each height would lose a round again
		{625, leastFit, 1, leastFit},
		{leastFit, leastFit, 3, leastFit},
	} {
		p := pace{fit: c.before}
		if p.decided(c.txs, behindOthers, c.round, &params); p.most(&params) != c.want {
			t.Errorf("a block of %d was in time in round %d where larger ones were not, and the next has at most %d, want %d", c.txs, c.round, p.most(&params), c.want)
		}
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
		p.decided(c.last, inTime, 0, &params)
		if got := p.rest(c.age, c.waiting, &params); got != c.want {
			t.Errorf("%s: %d ms, want %d", name, got, c.want)
		}
	}
}

func TestABlockIsLateWhenItWasProposedBeforeItsRound(t *testing.T) {
	t.Parallel()
	round := func(n uint64, txs int) sight { return sight{round: n, txs: txs} }
	for name, c := range map[string]struct {
		proposed, decided uint64
		seen              []sight // and the block itself, of 100
		want              came
	}{
		"in its round":                   {0, 0, nil, inTime},
		"beside another, in round 0":     {0, 0, []sight{round(0, 200)}, inTime}, // a forger that contradicts itself
		"a round later":                  {0, 1, nil, late},
		"a round later, beside another":  {1, 2, []sight{round(0, 200)}, late},
		"behind a forger that was away":  {1, 1, nil, inTime},
		"behind a larger block":          {1, 1, []sight{round(0, 101)}, behindOthers},
		"behind several, one larger":     {3, 3, []sight{round(0, 200), round(1, 100), round(2, 0)}, behindOthers},
		"behind one that was not larger": {1, 1, []sight{round(0, 100)}, inTime},
		"behind an empty one":            {1, 1, []sight{round(0, 0)}, inTime},
		"before one of a later round":    {1, 1, []sight{round(5, 200)}, inTime},
	} {
		r := &Replica{forged: map[chain.Hash]sight{{99}: round(c.proposed, 100)}}
		for i, s := range c.seen {
			r.forged[chain.Hash{byte(i)}] = s
		}
		if got := r.came(100, c.proposed, c.decided); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
