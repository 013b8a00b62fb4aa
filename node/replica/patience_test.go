package replica

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
)

// Where most comes twice everything rests longer, and a peer that was given something is left in peace for as long. Where
// it comes once that ends.
func TestWhatComesTwiceIsGivenLater(t *testing.T) {
	t.Parallel()
	params := chain.DefaultParams()
	var p patience
	tell := func(samples, twice int) {
		for range samples {
			for i := range patienceSample {
				p.heard(i < twice)
			}
		}
	}
	tell(10, patienceSample/2)
	if p.wait != 0 {
		t.Fatalf("%d ms, though no more than half came twice", p.wait)
	}
	tell(1, patienceSample/2+1)
	if p.wait != leastPatience {
		t.Fatalf("%d ms after the first time", p.wait)
	}
	tell(2, patienceSample)
	if p.wait != 4*leastPatience {
		t.Fatalf("%d ms after two more", p.wait)
	}
	tell(5, patienceSample/3)
	if p.wait != 4*leastPatience {
		t.Fatalf("%d ms: a third that comes twice changes nothing", p.wait)
	}
	tell(1, patienceSample/8)
	if p.wait >= 4*leastPatience || p.wait < 3*leastPatience {
		t.Fatalf("%d ms where nearly all comes once, want somewhat less than before", p.wait)
	}
	tell(40, patienceSample)
	for round, want := range map[uint64][2]uint64{0: {250, 125}, 2: {500, 250}} {
		if got := [2]uint64{p.forProposal(round, &params), p.forVote(round, &params)}; got != want {
			t.Errorf("%d ms in round %d, want %d", got, round, want)
		}
	}
	if last := [2]uint64{p.forProposal(1<<63, &params), p.forVote(1<<63, &params)}; last != [2]uint64{mostPatience, mostPatience} {
		t.Errorf("%d ms at last", last)
	}
	tell(200, 0)
	if p.wait != 0 {
		t.Errorf("%d ms are left of it", p.wait)
	}
}
