package comet

import (
	"testing"
	"time"
)

func at(s float64) time.Time { return time.Unix(1000, 0).Add(time.Duration(s * float64(time.Second))) }

func TestTheWindowIsOfWholeBlocks(t *testing.T) {
	t.Parallel()
	blocks := []block{{at: at(1)}, {at: at(4)}, {at: at(7)}, {at: at(30)}}
	for name, c := range map[string]struct{ from, to, wantFrom, wantTo float64 }{
		"from the block before to the block after":     {5, 6, 4, 7},
		"a block at the very beginning is before":      {4, 6, 4, 7},
		"a block at the very end leaves the next one":  {4, 7, 4, 30},
		"a pause at the end is not left out":           {2, 8, 1, 30},
		"a pause at the beginning is not left out":     {20, 29, 7, 30},
		"without a block before it begins where asked": {0, 3, 0, 4},
		"without a block after it ends where asked":    {5, 40, 4, 40},
	} {
		from, to := widen(blocks, at(c.from), at(c.to))
		if !from.Equal(at(c.wantFrom)) || !to.Equal(at(c.wantTo)) {
			t.Errorf("%s: from %v to %v is widened to %v and %v, want %v and %v", name, c.from, c.to, from.Sub(at(0)), to.Sub(at(0)), c.wantFrom, c.wantTo)
		}
	}
}

func TestCommittedTransactionsAreCountedFromBlocks(t *testing.T) {
	t.Parallel()
	blocks := []block{
		{at(1), []uint64{0, 1}},       // at the beginning: of the warm-up
		{at(2), []uint64{2, 3, 4}},    // 3 and 4 took 1 s
		{at(3), nil},                  // counts as a block
		{at(5), []uint64{5, 100, 99}}, // 5 took 3 s, the others are not of this phase
		{at(6), []uint64{6}},          // after the window
	}
	sent := []sent{{0, at(0)}, {1, at(0)}, {2, at(0)}, {3, at(1)}, {4, at(1)}, {5, at(2)}, {6, at(2)}, {7, at(3)}}
	l := analyse(blocks, sent, at(1), at(5))
	if l.Final != 6 || l.Blocks != 3 || l.Seconds != 4 || l.DiskTxs != 9 {
		t.Errorf("%+v, want 6 transactions in 3 blocks and 4 s, and 9 in all", l)
	}
	if l.P50 != 1000 || l.P99 != 3000 {
		t.Errorf("p50 %v and p99 %v ms, want 1000 and 3000", l.P50, l.P99)
	}
}
