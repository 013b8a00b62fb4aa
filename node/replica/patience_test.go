package replica

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
)

// told is a patience that heard samples of messages, of which so many each came twice, from three peers in turn.
func (p *patience) told(samples, twice int, most uint64) {
	for range samples {
		for i := range patienceSample {
			p.heard(chain.PublicKey{byte(i % 3)}, i < twice, most)
		}
	}
}

// Where most comes twice everything rests longer, and a peer that was given something is left in peace for as long. Where
// it comes once that ends.
func TestWhatComesTwiceIsGivenLater(t *testing.T) {
	t.Parallel()
	params := chain.DefaultParams()
	const most = 1000
	var p patience
	p.told(10, patienceSample/2, most)
	if p.wait != 0 {
		t.Fatalf("%d ms, though no more than half came twice", p.wait)
	}
	p.told(1, patienceSample/2+1, most)
	if p.wait != leastPatience {
		t.Fatalf("%d ms after the first time", p.wait)
	}
	p.told(2, patienceSample, most)
	if p.wait != 4*leastPatience {
		t.Fatalf("%d ms after two more", p.wait)
	}
	p.told(5, patienceSample/3, most)
	if p.wait != 4*leastPatience {
		t.Fatalf("%d ms: a third that comes twice changes nothing", p.wait)
	}
	p.told(1, patienceSample/8, most)
	if p.wait >= 4*leastPatience || p.wait < 3*leastPatience {
		t.Fatalf("%d ms where nearly all comes once, want somewhat less than before", p.wait)
	}
	p.told(40, patienceSample, most)
	if p.wait != most {
		t.Fatalf("%d ms at last", p.wait)
	}
	for round, want := range map[uint64][2]uint64{0: {250, 125}, 2: {250, 125}, 14: {500, 250}} {
		if got := [2]uint64{p.forProposal(round, &params), p.forVote(round, &params)}; got != want {
			t.Errorf("%d ms in round %d, want %d", got, round, want)
		}
	}
	p.told(1, patienceSample, 10) // in a round in which less counts
	if p.wait != most {
		t.Errorf("%d ms: what counts now takes nothing away", p.wait)
	}
	p.told(200, 0, most)
	if p.wait != 0 {
		t.Errorf("%d ms are left of it", p.wait)
	}
}

// What does not count now would only have to fall again: in a quiet network patience is gone within some tens of samples.
func TestPatienceDoesNotWindUp(t *testing.T) {
	t.Parallel()
	params := chain.DefaultParams()
	var p patience
	p.told(1000, patienceSample, patienceFor(params.ProposeTimeout, params.ProposeTimeoutStep, 0))
	p.told(15, 0, 250)
	if got := p.forVote(0, &params); got >= params.PrevoteTimeout/2 {
		t.Errorf("%d ms after 15 samples of a network that is well again", got)
	}
}

// One validator that repeats itself, or sends what nobody keeps, does not decide how patient others are.
func TestOnePeerDoesNotDecideHowPatientOthersAre(t *testing.T) {
	t.Parallel()
	liar := chain.PublicKey{9}
	var p patience
	for i := range 50_000 {
		p.heard(liar, true, 1000)
		if i%100 == 0 {
			p.heard(chain.PublicKey{byte(i / 100 % 3)}, false, 1000)
		}
	}
	if p.wait != 0 {
		t.Errorf("%d ms, though all others sent everything once", p.wait)
	}
	p.told(3, patienceSample, 1000)
	before := p.wait
	for i := range 50_000 {
		p.heard(liar, false, 1000)
		if i%100 == 0 {
			p.heard(chain.PublicKey{byte(i / 100 % 3)}, true, 1000)
		}
	}
	if p.wait < before {
		t.Errorf("%d ms where it was %d, though all others sent everything twice", p.wait, before)
	}
	if len(p.by) > patienceSample {
		t.Errorf("%d peers are counted", len(p.by))
	}
}

// What one honest validator has, all must have within half of a step's timeout from some round on: after its rest, a peer's rest
// from what it was given before, the tick of an exchange and a slow link.
func TestPatienceLeavesHalfOfATimeoutAtLast(t *testing.T) {
	t.Parallel()
	params := chain.DefaultParams()
	const tick, link = 200, 200
	p := patience{wait: 1 << 40}
	for round := uint64(20); round < 100; round++ {
		vote, proposal := p.forVote(round, &params), p.forProposal(round, &params)
		if all := restVote + vote + vote + tick + link; 2*all > params.PrevoteTimeout+round*params.PrevoteTimeoutStep {
			t.Errorf("round %d: a vote comes after %d ms", round, all)
		}
		if all := params.ProposeTimeout/4 + proposal + vote + tick + link; 2*all > params.ProposeTimeout+round*params.ProposeTimeoutStep {
			t.Errorf("round %d: a proposal comes after %d ms", round, all)
		}
	}
	if got := [2]uint64{p.forProposal(1<<63, &params), p.forVote(1<<63, &params)}; got[0] != (500+mostRounds*250)/8 || got[1] != (250+mostRounds*125)/8 {
		t.Errorf("%d ms at last", got)
	}
}
