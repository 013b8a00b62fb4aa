package consensus

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/posnet/posnet/node/chain"
)

// speaking is a core of v0 in a fresh height, past its silence.
func speaking(w *world) *Core {
	c := New(Config{Self: w.set.At(0).Address})
	c.Step(w.begin(nil))
	for i := range w.set.Len() {
		c.Step(PeerState{Validator: i, State: chain.VoteState{Height: w.height}})
	}
	return c
}

// prevoted reports what the core prevoted among some effects.
func prevoted(effects []Effect) (chain.Hash, bool) {
	for _, e := range effects {
		if v, ok := e.(SignVote); ok && v.Vote.Kind == chain.Prevote {
			return v.Vote.BlockHash, true
		}
	}
	return chain.Hash{}, false
}

func TestFloodOfFutureProposalsDoesNotKeepOutThePresentOne(t *testing.T) {
	t.Parallel()
	for _, n := range []int{4, 31} {
		stakes := make([]uint64, n)
		for i := range stakes {
			stakes[i] = 1
		}
		w := newWorld(t, stakes, []int{1})
		c := speaking(w)
		// Less than a third of the validators propose in every round that they win.
		faulty := func(v int) bool { return v >= n-(n-1)/3 }
		for round := uint64(1); round < 300; round++ {
			if faulty(w.set.Winner(w.seed, w.height, round)) {
				c.Step(ProposalReceived{w.proposal(fmt.Sprint("flood", round), round, -1)})
			}
		}
		if len(c.blocks) > maxBlocks {
			t.Fatalf("%d blocks are held, at most %d should be", len(c.blocks), maxBlocks)
		}
		if most := futureRounds*n + 2; len(c.rounds) > most {
			t.Fatalf("%d rounds are held, at most %d should be", len(c.rounds), most)
		}
		honest := w.proposal("A", 0, -1)
		effects := c.Step(ProposalReceived{honest})
		effects = append(effects, c.Step(w.executed(honest.signed.BlockHash))...)
		if hash, ok := prevoted(effects); !ok || hash != honest.signed.BlockHash {
			t.Fatalf("of %d validators: the block of the present round is not prevoted", n)
		}
	}
}

func TestFloodOfFutureVotesIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []uint64{1, 1, 1, 1}, []int{1})
	c := speaking(w)
	for round := range uint64(2000) {
		for kind := range chain.VoteKind(2) {
			c.Step(VoteReceived{w.vote(kind+1, 3, 1+round, chain.Hash{1})})
			c.Step(VoteReceived{w.vote(kind+1, 3, math.MaxUint32-round, chain.Hash{1})})
		}
	}
	if len(c.rounds) > futureRounds+1 {
		t.Fatalf("one validator made the core keep %d rounds", len(c.rounds))
	}
	if c.Round() != 0 {
		t.Fatalf("one of four moved the core to round %d", c.Round())
	}
	// The others still can.
	c.Step(VoteReceived{w.vote(chain.Prevote, 1, 1, chain.Hash{})})
	c.Step(VoteReceived{w.vote(chain.Prevote, 2, 1, chain.Hash{})})
	if c.Round() != 1 {
		t.Fatalf("two of four did not move the core to round 1, it is in %d", c.Round())
	}
}

func TestOneValidatorsContradictionsAreBoundedAndCountOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []uint64{1, 1, 1, 1}, []int{1})
	c := speaking(w)
	reports := 0
	for i := range uint64(1000) {
		for _, e := range c.Step(VoteReceived{w.vote(chain.Prevote, 3, 0, chain.Sum(chain.Uint64(i)))}) {
			if _, ok := e.(Report); ok {
				reports++
			}
		}
	}
	r := c.rounds[0]
	if len(r.prevotes.votes[3]) != maxConflicts || r.prevotes.any != 1 || reports != 1 {
		t.Fatalf("%d votes kept, %d stake counted, %d reports: want %d, 1, 1", len(r.prevotes.votes[3]), r.prevotes.any, reports, maxConflicts)
	}
	// Its vote for a block that is held still counts: a certificate may need it.
	c.Step(ProposalReceived{w.proposal("A", 0, -1)})
	c.Step(VoteReceived{w.vote(chain.Prevote, 3, 0, w.hash("A"))})
	if r.prevotes.stakes[w.hash("A")] != 1 {
		t.Fatal("its vote for the proposed block does not count")
	}
}

func TestLongHeightKeepsTheLockAndForgetsTheRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []uint64{1, 1, 1, 1}, []int{1})
	c := speaking(w)
	p := w.proposal("A", 0, -1)
	c.Step(ProposalReceived{p})
	c.Step(w.executed(p.signed.BlockHash))
	for i := range 4 {
		c.Step(VoteReceived{w.vote(chain.Prevote, i, 0, p.signed.BlockHash)})
	}
	for round := uint64(1); round < 500; round++ {
		for i := 1; i < 3; i++ {
			c.Step(VoteReceived{w.vote(chain.Precommit, i, round, chain.Hash{})})
		}
		c.Step(ProposalReceived{w.proposal(fmt.Sprint("B", round), round, -1)})
		c.Step(w.executed(w.hash(fmt.Sprint("B", round))))
	}
	if c.Round() != 499 || c.lockedRound != 0 {
		t.Fatalf("round %d, lock of round %d: want 499 and 0", c.Round(), c.lockedRound)
	}
	if len(c.rounds) > keptRounds+2 || len(c.blocks) > maxBlocks {
		t.Fatalf("%d rounds and %d blocks are kept", len(c.rounds), len(c.blocks))
	}
	if c.blocks[p.signed.BlockHash] == nil || !c.rounds[0].prevotes.quorum(p.signed.BlockHash) {
		t.Fatal("the locked block or the proof of the lock was forgotten")
	}
	st := c.State()
	if len(st.Rounds) != chain.MaxStateRounds || st.Rounds[0].Round != 0 || st.Rounds[len(st.Rounds)-1].Round != 499 {
		t.Fatalf("the vote state must speak of the valid round and the newest, it speaks of %+v", st.Rounds)
	}
	if _, err := chain.DecodeVoteState(chain.Encode(&st)); err != nil {
		t.Fatalf("peers would refuse the vote state: %v", err)
	}
}

func TestVoteStateSpeaksOfTheCurrentRoundUnderAFlood(t *testing.T) {
	t.Parallel()
	stakes := make([]uint64, 31)
	for i := range stakes {
		stakes[i] = 1
	}
	w := newWorld(t, stakes, []int{1})
	c := speaking(w)
	c.Step(VoteReceived{w.vote(chain.Prevote, 1, 0, chain.Hash{})})
	for i := 21; i < 31; i++ { // ten of 31, two rounds each, all different
		for _, round := range []uint64{uint64(2 * i), uint64(2*i) + 1} {
			c.Step(VoteReceived{w.vote(chain.Prevote, i, round, chain.Hash{})})
		}
	}
	st := c.State()
	if st.Rounds[0].Round != 0 || len(st.Rounds) != chain.MaxStateRounds {
		t.Fatalf("the vote state must begin with the current round: %+v", st.Rounds)
	}
}

func TestCoreSurvivesWhateverVerifiedMessagesSay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []uint64{1, 2, 3, 1}, []int{1, 0, 2, 3})
	names := []string{"A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L"}
	for _, name := range names {
		w.block(name, 0)
	}
	w.bad[w.hash("C")] = true
	rapid.Check(t, func(t *rapid.T) {
		c, ord := speaking(w), newOrder()
		round := rapid.OneOf(rapid.Uint64Range(0, 6), rapid.Uint64Range(0, chain.MaxRound))
		for range rapid.IntRange(1, 120).Draw(t, "events") {
			var e Event
			name := rapid.SampledFrom(names).Draw(t, "block")
			at := round.Draw(t, "round")
			switch rapid.IntRange(0, 9).Draw(t, "event") {
			case 0, 1:
				e = ProposalReceived{w.proposal(name, at, rapid.Int64Range(-1, int64(at)-1).Draw(t, "valid round"))}
			case 2:
				e = TimedOut{Timer{Height: w.height, Round: at, Step: StepName(rapid.IntRange(0, 4).Draw(t, "step"))}}
			case 3:
				e = TimedOut{Timer{Height: w.height, Round: c.Round(), Step: c.StepName()}}
			case 4:
				e = w.executed(w.hash(name))
			case 5:
				e = Built{Height: w.height, Round: c.Round(), Block: w.block(name, 0)}
			case 6:
				bits := rapid.SliceOfN(rapid.Byte(), 0, 3)
				e = PeerState{Peer: "p", Validator: rapid.IntRange(-1, 9).Draw(t, "validator"), State: chain.VoteState{
					Height: rapid.Uint64Range(1, 2).Draw(t, "height"), Round: at,
					Rounds: []chain.RoundState{{Round: at, Proposal: rapid.Bool().Draw(t, "proposal"), Prevotes: bits.Draw(t, "prevotes"), Precommits: bits.Draw(t, "precommits")}},
				}}
			default:
				hash := chain.Hash{}
				if rapid.Bool().Draw(t, "block") {
					hash = w.hash(name)
				}
				v := w.vote(chain.VoteKind(rapid.IntRange(1, 2).Draw(t, "kind")), rapid.IntRange(0, 3).Draw(t, "by"), at, hash)
				v.signed.Vote.Height = rapid.Uint64Range(1, 2).Draw(t, "height")
				e = VoteReceived{v}
			}
			ord.check(t, w.height, c.Step(e))
			if len(c.blocks) > maxBlocks || len(c.rounds) > keptRounds+futureRounds*4+3 {
				t.Fatalf("%d blocks and %d rounds are held", len(c.blocks), len(c.rounds))
			}
			if st := c.State(); len(st.Rounds) > chain.MaxStateRounds {
				t.Fatalf("the vote state speaks of %d rounds", len(st.Rounds))
			}
			if c.StepName() == StepDecided {
				return
			}
		}
	})
}

func TestNothingIsSaidBeforeTheFirstHeight(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []uint64{1, 1, 1, 1}, []int{1})
	c := New(Config{Self: w.set.At(0).Address})
	for _, e := range []Event{Work{Height: 1}, VoteReceived{w.vote(chain.Prevote, 1, 0, chain.Hash{})}, ProposalReceived{w.proposal("A", 0, -1)}, PeerState{Validator: 1}, ForeignSelf{}} {
		if out := c.Step(e); len(out) != 0 {
			t.Fatalf("%T before Begin has effects %v", e, out)
		}
	}
	if c.Has(&chain.SignedVote{}) || c.HasProposal(&chain.SignedProposal{}) {
		t.Fatal("a core without a height claims to hold messages")
	}
}

func TestHasKnowsWhatIsCountedAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []uint64{1, 1, 1, 1}, []int{1})
	c := speaking(w)
	v, p := w.vote(chain.Prevote, 2, 0, w.hash("A")), w.proposal("A", 0, -1)
	if c.Has(&v.signed) || c.HasProposal(&p.signed) {
		t.Fatal("held before it came")
	}
	c.Step(VoteReceived{v})
	c.Step(ProposalReceived{p})
	if !c.Has(&v.signed) || !c.HasProposal(&p.signed) {
		t.Fatal("not held after it came")
	}
	other, stranger, again := v.signed, v.signed, p.signed
	other.Signature[9] ^= 1
	stranger.Validator = chain.Address{77}
	again.ValidRound = 0
	if c.Has(&other) || c.Has(&stranger) || c.HasProposal(&again) {
		t.Fatal("another message is taken for the one that is held")
	}
}

// A full node that becomes a validator is bound by the silence like any other,
// unless it has listened long enough before.
func TestNodeThatBecomesAValidatorHasToListenFirst(t *testing.T) {
	t.Parallel()
	before := newWorld(t, []uint64{1, 1, 1}, []int{1})
	after := newWorld(t, []uint64{1, 1, 1, 1}, []int{1})
	after.height = 2
	self := Config{Self: after.set.At(3).Address}
	for name, listened := range map[string]bool{"deaf": false, "having listened": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := New(self)
			c.Step(before.begin(nil))
			if c.Voting() {
				t.Fatal("it votes before it is a validator")
			}
			for i := 0; listened && i < 2; i++ {
				c.Step(PeerState{Validator: i, State: chain.VoteState{Height: 1}})
			}
			c.Step(after.begin(nil))
			if c.Voting() != listened {
				t.Fatalf("it votes: %v, want %v", c.Voting(), listened)
			}
		})
	}
}
