package replica

import (
	"strconv"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/stake"
)

// What a peer's vote state lacks is on its way to it while it is new, and is given to it when it is not.
func TestAPeerIsGivenWhatHasRested(t *testing.T) {
	t.Parallel()
	const seen = 1_000_000
	params := chain.DefaultParams()
	vote := chain.SignedVote{Vote: chain.Vote{Kind: chain.Prevote, Height: 7, Round: 1}, Validator: chain.Address{1}}
	unseen := vote
	unseen.Validator = chain.Address{2}
	fresh := &chain.SignedProposal{Height: 7, Round: 1, ValidRound: -1, BlockHash: chain.Hash{3}}
	again := &chain.SignedProposal{Height: 7, Round: 1, ValidRound: 0, BlockHash: chain.Hash{3}}
	for name, c := range map[string]struct {
		now      uint64
		proposal *chain.SignedProposal
		votes    int // of the two
		proposes bool
	}{
		"a vote that has just come is not":                     {seen, nil, 1, false},
		"nor within its rest":                                  {seen + restVote - 1, nil, 1, false},
		"afterwards it is":                                     {seen + restVote, nil, 2, false},
		"and when the clock was set back":                      {seen - 1, nil, 2, false},
		"a proposal rests longer than votes":                   {seen + params.ProposeTimeout/4 - 1, fresh, 2, false},
		"and then is given":                                    {seen + params.ProposeTimeout/4, fresh, 2, true},
		"one of an earlier round comes with what proves it":    {seen + params.ProposeTimeout/4, again, 2, true},
		"and when the clock was set back, with votes as fresh": {seen - 1, again, 2, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := uint64(seen)
			r := &Replica{voted: map[voteOf]uint64{}, given: map[string]uint64{}, forged: map[chain.Hash]sight{{3}: {first: 1, since: seen}}, core: new(consensus.Core)}
			r.cfg.Ports.Now = func() uint64 { return now }
			r.tip.params = params
			r.noteVote(&vote, now)
			now += 10
			r.noteVote(&vote, now) // seen again: the first time counts
			now = c.now
			got := r.rested(consensus.Send{Proposal: c.proposal, Votes: []chain.SignedVote{vote, unseen}})
			if len(got.Votes) != c.votes || (got.Proposal != nil) != c.proposes {
				t.Errorf("%d votes and a proposal: %v; want %d and %v", len(got.Votes), got.Proposal != nil, c.votes, c.proposes)
			}
		})
	}
}

func TestAPeerIsLeftInPeaceWhereMostComesTwice(t *testing.T) {
	t.Parallel()
	now := uint64(1_000_000)
	vote := chain.SignedVote{Vote: chain.Vote{Kind: chain.Prevote, Height: 7}, Validator: chain.Address{1}}
	r := &Replica{voted: map[voteOf]uint64{}, given: map[string]uint64{}, forged: map[chain.Hash]sight{}, core: new(consensus.Core)}
	r.cfg.Ports.Now = func() uint64 { return now }
	r.tip.params = chain.DefaultParams()
	r.patience.wait = 100
	r.noteVote(&vote, now)
	gives := func(peer string) bool {
		return len(r.rested(consensus.Send{Peer: peer, Votes: []chain.SignedVote{vote}}).Votes) == 1
	}
	for _, step := range []struct {
		after uint64
		peer  string
		want  bool
	}{
		{restVote, "a", false}, {99, "a", false}, {1, "a", true}, {99, "a", false}, {0, "b", true}, {1, "a", true},
	} {
		if now += step.after; gives(step.peer) != step.want {
			t.Errorf("%d ms after the vote %s is given it: want %v", now-1_000_000, step.peer, step.want)
		}
	}
	now -= 50
	if !gives("a") {
		t.Error("the clock was set back, and nothing is given")
	}
}

// A validator that votes in thousands of rounds does not make others remember each.
func TestNotedVotesAreBounded(t *testing.T) {
	t.Parallel()
	r := &Replica{voted: map[voteOf]uint64{}, core: new(consensus.Core)}
	for round := range uint64(2 * maxNoted) {
		r.noteVote(&chain.SignedVote{Vote: chain.Vote{Round: round}}, 1)
	}
	if len(r.voted) != maxNoted {
		t.Errorf("%d votes are noted", len(r.voted))
	}
}

// Peers that come and go in a height that does not end do not make others remember each.
func TestPeersThatWereGivenSomethingAreBounded(t *testing.T) {
	t.Parallel()
	r := &Replica{given: map[string]uint64{}}
	for peer := range 3 * maxHeard {
		r.gives(consensus.Send{Peer: strconv.Itoa(peer), Votes: make([]chain.SignedVote, 1)}, 1)
		if len(r.given) == 0 || len(r.given) > maxHeard {
			t.Fatalf("%d peers are noted after %d", len(r.given), peer+1)
		}
	}
	if r.gives(consensus.Send{Peer: "nothing"}, 1); r.given["nothing"] != 0 {
		t.Error("a peer that was given nothing is left in peace")
	}
}

// A block that is proposed again in a later round goes to everybody again, and is not sent a second time at once.
func TestABlockThatIsProposedAgainRestsAgain(t *testing.T) {
	t.Parallel()
	now := uint64(1_000_000)
	r := &Replica{voted: map[voteOf]uint64{}, given: map[string]uint64{}, forged: map[chain.Hash]sight{}, core: new(consensus.Core)}
	r.cfg.Ports.Now = func() uint64 { return now }
	r.tip.params = chain.DefaultParams()
	hash, block := chain.Hash{3}, &chain.Block{Txs: make([][]byte, 5)}
	r.sighted(hash, block, 0)
	now += 1000
	r.sighted(hash, block, 1)
	now++
	r.sighted(hash, block, 1)
	r.sighted(hash, block, 0) // late, from somebody who is behind
	gives := func() bool {
		return r.rested(consensus.Send{Proposal: &chain.SignedProposal{Round: 1, ValidRound: 0, BlockHash: hash}}).Proposal != nil
	}
	if gives() {
		t.Error("it is given while it is on its way")
	}
	if now += r.tip.params.ProposeTimeout/4 - 1; !gives() {
		t.Error("it is not given after its rest")
	}
	if s := r.forged[hash]; s.first != 1_000_000 || s.txs != 5 || s.round != 0 {
		t.Errorf("%+v", s)
	}
}

func TestPeersThatAreNoValidatorsDoNotMakeANodePatient(t *testing.T) {
	t.Parallel()
	validator := chain.PublicKey{5}
	set, err := stake.NewSet([]stake.Validator{{Address: keys.FromSeed([32]byte{7}).Public(), Stake: 1, Keys: chain.ValidatorKeys{Peer: validator}}})
	if err != nil {
		t.Fatal(err)
	}
	r := &Replica{core: consensus.New(consensus.Config{})}
	r.core.Step(consensus.Begin{Height: 1, Set: set, Params: chain.DefaultParams()})
	for n := range 10 * patienceSample {
		r.repeated(chain.PublicKey{byte(n), 1}, true)
	}
	if r.patience.twice != 0 || r.patience.wait != 0 {
		t.Errorf("%+v", r.patience)
	}
	if r.repeated(validator, true); r.patience.twice != 1 {
		t.Errorf("what a validator repeats does not count: %+v", r.patience)
	}
}
