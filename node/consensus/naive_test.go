package consensus

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/posnet/posnet/node/chain"
)

// naive is Algorithm 1 written as it stands in the paper: it keeps every message
// and, after each event, looks through all of them for a rule that fires. It
// shares no code with the core beyond the messages.
type naive struct {
	w    *world
	self int

	round       uint64
	step        string
	lockedRound int64
	locked      chain.Hash
	validRound  int64
	valid       chain.Hash

	proposals map[uint64]Proposal
	votes     []Vote
	held      map[chain.Hash]bool // blocks received
	results   map[chain.Hash]bool // blocks executed, and whether they are valid
	fired     map[string]bool     // "for the first time" rules that have fired
	work      bool
	out       []string
}

func newNaive(w *world, self int) *naive {
	return &naive{w: w, self: self, step: "idle", lockedRound: -1, validRound: -1,
		proposals: map[uint64]Proposal{}, held: map[chain.Hash]bool{}, results: map[chain.Hash]bool{}, fired: map[string]bool{}}
}

// stakeOf sums the validators with a vote for which the condition holds.
func (n *naive) stakeOf(cond func(chain.Vote) bool) uint64 {
	sum := uint64(0)
	for i := range n.w.set.Len() {
		if slices.ContainsFunc(n.votes, func(v Vote) bool { return v.index == i && cond(v.signed.Vote) }) {
			sum += n.w.set.At(i).Stake
		}
	}
	return sum
}

func (n *naive) twoThirds(kind chain.VoteKind, round uint64, hash *chain.Hash) bool {
	return 3*n.stakeOf(func(v chain.Vote) bool {
		return v.Kind == kind && v.Round == round && (hash == nil || v.BlockHash == *hash)
	}) > 2*n.w.set.Total()
}

func (n *naive) say(format string, args ...any) { n.out = append(n.out, fmt.Sprintf(format, args...)) }

func (n *naive) vote(kind chain.VoteKind, hash chain.Hash) {
	n.say("%s %s in round %d", kind, n.w.names[hash], n.round)
}

func (n *naive) timer(step string, base, per uint64) {
	n.say("start timer: %s of round %d, %d ms", step, n.round, base+per*n.round)
}

func (n *naive) first(rule string) bool {
	key := fmt.Sprint(rule, n.round)
	if n.fired[key] {
		return false
	}
	n.fired[key] = true
	return true
}

func (n *naive) startRound(r uint64) {
	n.round, n.step = r, "propose"
	n.timer("propose", n.w.params.ProposeTimeout, n.w.params.ProposeTimeoutStep)
	if _, made := n.proposals[r]; made || n.w.set.Winner(n.w.seed, n.w.height, r) != n.self {
		return
	}
	if n.validRound < 0 {
		n.say("build a block for round %d", r)
		return
	}
	n.say("re-propose %s in round %d, valid since round %d", n.w.names[n.valid], r, n.validRound)
}

// event takes one event and everything that follows.
func (n *naive) event(e Event) {
	if n.step == "decided" {
		return
	}
	switch e := e.(type) {
	case VoteReceived:
		n.receive(e.Vote)
	case ProposalReceived:
		p := e.Proposal
		hash := p.signed.BlockHash
		_, have := n.proposals[p.signed.Round]
		if !have || n.twoThirds(chain.Prevote, p.signed.Round, &hash) || n.twoThirds(chain.Precommit, p.signed.Round, &hash) {
			if !have || n.proposals[p.signed.Round].signed.BlockHash != hash {
				n.proposals[p.signed.Round] = p
				n.held[hash] = true
			}
		}
	case Executed:
		n.results[e.Hash] = e.Err == nil
	case Work:
		n.work = true
	case TimedOut:
		switch t := e.Timer; {
		case t.Round != n.round || n.step == "idle":
		case t.Step == StepPropose && n.step == "propose":
			n.vote(chain.Prevote, chain.Hash{})
			n.step = "prevote"
		case t.Step == StepPrevote && n.step == "prevote":
			n.vote(chain.Precommit, chain.Hash{})
			n.step = "precommit"
		case t.Step == StepPrecommit:
			n.startRound(n.round + 1)
		}
	}
	for n.rule() {
	}
}

// receive keeps a message once. The bound of two different votes for one slot,
// unless the block is held, is the core's own; the paper has none.
func (n *naive) receive(v Vote) {
	same := 0
	for _, o := range n.votes {
		if o.index != v.index || o.signed.Vote.Kind != v.signed.Vote.Kind || o.signed.Vote.Round != v.signed.Vote.Round {
			continue
		}
		if o.signed.Vote.BlockHash == v.signed.Vote.BlockHash {
			return
		}
		same++
	}
	if same < 2 || n.held[v.signed.Vote.BlockHash] {
		n.votes = append(n.votes, v)
	}
}

func (n *naive) rounds() []uint64 {
	var rs []uint64
	for _, v := range n.votes {
		rs = append(rs, v.signed.Vote.Round)
	}
	slices.Sort(rs)
	return slices.Compact(rs)
}

// rule applies the first rule that fires.
func (n *naive) rule() bool {
	if n.step == "decided" {
		return false
	}
	for _, r := range n.rounds() { // lines 49 to 54
		for _, v := range n.votes {
			h := v.signed.Vote.BlockHash
			if ok, known := n.results[h]; v.signed.Vote.Round == r && !h.IsZero() && n.held[h] && n.twoThirds(chain.Precommit, r, &h) && known && ok {
				n.step = "decided"
				n.say("DECIDE %s in round %d", n.w.names[h], r)
				return true
			}
		}
	}
	for _, r := range slices.Backward(n.rounds()) { // lines 55, 56
		if r > n.round && 3*n.stakeOf(func(v chain.Vote) bool { return v.Round == r }) > n.w.set.Total() {
			n.startRound(r)
			return true
		}
	}
	if n.step == "idle" {
		if n.work || len(n.proposals) > 0 || 3*n.stakeOf(func(chain.Vote) bool { return true }) > n.w.set.Total() {
			n.startRound(0)
			return true
		}
		return false
	}
	p, proposed := n.proposals[n.round]
	hash, vr := p.signed.BlockHash, p.signed.ValidRound
	ok, known := n.results[hash]
	if proposed && n.step == "propose" && known && (vr < 0 || n.twoThirds(chain.Prevote, uint64(vr), &hash)) {
		accept := ok && (n.lockedRound == -1 || n.locked == hash) // line 23
		if vr >= 0 {
			accept = ok && (n.lockedRound <= vr || n.locked == hash) // line 29
		}
		if !accept {
			hash = chain.Hash{}
		}
		n.vote(chain.Prevote, hash)
		n.step = "prevote"
		return true
	}
	// Lines 36 to 43.
	if proposed && n.step != "propose" && known && ok && n.twoThirds(chain.Prevote, n.round, &hash) && n.first("polka") {
		if n.step == "prevote" {
			n.locked, n.lockedRound = hash, int64(n.round)
			n.vote(chain.Precommit, hash)
			n.step = "precommit"
		}
		n.valid, n.validRound = hash, int64(n.round)
		return true
	}
	if n.step == "prevote" && n.twoThirds(chain.Prevote, n.round, &chain.Hash{}) { // lines 44 to 46
		n.vote(chain.Precommit, chain.Hash{})
		n.step = "precommit"
		return true
	}
	if n.step == "prevote" && n.twoThirds(chain.Prevote, n.round, nil) && n.first("prevote timer") { // lines 34, 35
		n.timer("prevote", n.w.params.PrevoteTimeout, n.w.params.PrevoteTimeoutStep)
		return true
	}
	if n.twoThirds(chain.Precommit, n.round, nil) && n.first("precommit timer") { // lines 47, 48
		n.timer("precommit", n.w.params.PrecommitTimeout, n.w.params.PrecommitTimeoutStep)
		return true
	}
	return false
}

// spoken is what of the core's effects the paper knows: votes, proposals,
// timers and the decision.
func spoken(w *world, effects []Effect) []string {
	var out []string
	for _, e := range effects {
		switch e := e.(type) {
		case SignVote, SetTimer, Build:
			out = append(out, w.describe(e))
		case SignProposal:
			if e.ValidRound >= 0 {
				s, _, _ := strings.Cut(w.describe(e), ", proven")
				out = append(out, s)
			}
		case Decide:
			out = append(out, fmt.Sprintf("DECIDE %s in round %d", w.names[e.Hash], e.Certificate.Round))
		}
	}
	return out
}

func TestCoreDoesWhatThePaperSaysOnRandomTraces(t *testing.T) {
	t.Parallel()
	worlds := []*world{
		newWorld(t, []uint64{1, 1, 1, 1}, []int{1, 0, 2, 3}),
		newWorld(t, []uint64{1, 1, 1, 1}, []int{0, 1, 2, 3}),
		newWorld(t, []uint64{3, 2, 4, 1, 2}, []int{4, 0}),
		newWorld(t, []uint64{5, 1, 1}, []int{2, 0}),
	}
	names := []string{"A", "B", "C", "D"}
	for _, w := range worlds {
		for _, name := range names {
			w.block(name, 0)
		}
		w.bad[w.hash("D")] = true
	}
	rapid.Check(t, func(t *rapid.T) {
		w := worlds[rapid.IntRange(0, len(worlds)-1).Draw(t, "world")]
		trace(t, w, names)
	})
}

// trace plays one random history to both and compares after every event.
func trace(t *rapid.T, w *world, names []string) {
	const self = 0
	core, model, ord := New(Config{Self: w.set.At(self).Address}), newNaive(w, self), newOrder()
	core.Step(w.begin(nil))
	for i := range w.set.Len() {
		core.Step(PeerState{Validator: i, State: chain.VoteState{Height: 1}})
	}
	var queue []Event
	for range rapid.IntRange(1, 80).Draw(t, "events") {
		if len(queue) == 0 || rapid.Bool().Draw(t, "outside first") {
			queue = append([]Event{randomEvent(t, w, core, names)}, queue...)
		}
		e := queue[0]
		queue = queue[1:]
		effects := core.Step(e)
		ord.check(t, w.height, effects)
		model.out = nil
		model.event(e)
		if got, want := spoken(w, effects), model.out; !slices.Equal(got, want) {
			t.Fatalf("after %T %+v\nthe core does    %q\nthe paper says   %q", e, e, got, want)
		}
		if core.round != model.round || core.step.String() != model.step || core.lockedRound != model.lockedRound ||
			core.lockedHash != model.locked || core.validRound != model.validRound || core.validHash != model.valid {
			t.Fatalf("after %T: the core stands at %d %s lock %d valid %d, the paper at %d %s lock %d valid %d", e,
				core.round, core.step, core.lockedRound, core.validRound, model.round, model.step, model.lockedRound, model.validRound)
		}
		for _, e := range effects {
			switch e := e.(type) {
			case SignVote:
				queue = append(queue, VoteReceived{w.vote(e.Vote.Kind, self, e.Vote.Round, e.Vote.BlockHash)})
			case SignProposal:
				queue = append(queue, ProposalReceived{w.proposal(w.names[e.Block.Header.Hash()], e.Round, e.ValidRound)})
			case Execute:
				queue = append(queue, w.executed(e.Hash))
			}
		}
	}
}

// randomEvent draws what the outside may bring: anything a faulty validator can
// sign, within two rounds of the core's.
func randomEvent(t *rapid.T, w *world, core *Core, names []string) Event {
	near := rapid.Custom(func(t *rapid.T) uint64 {
		low := uint64(0)
		if core.round > 1 {
			low = core.round - 2
		}
		return rapid.Uint64Range(low, core.round+2).Draw(t, "round")
	})
	switch rapid.IntRange(0, 11).Draw(t, "event") {
	case 0, 1:
		round := near.Draw(t, "at")
		vr := rapid.Int64Range(-1, int64(round)-1).Draw(t, "valid round")
		return ProposalReceived{w.proposal(rapid.SampledFrom(names).Draw(t, "block"), round, vr)}
	case 2:
		step := rapid.SampledFrom([]StepName{StepPropose, StepPrevote, StepPrecommit}).Draw(t, "step")
		return TimedOut{Timer{Height: w.height, Round: core.round, Step: step}}
	case 3:
		return Work{Height: w.height}
	default:
		kind := rapid.SampledFrom([]chain.VoteKind{chain.Prevote, chain.Precommit}).Draw(t, "kind")
		// Mostly A, so that quorums come about.
		hash := w.hash(rapid.SampledFrom([]string{"A", "A", "A", "nil", "nil", "B", "C", "D"}).Draw(t, "for"))
		return VoteReceived{w.vote(kind, rapid.IntRange(1, w.set.Len()-1).Draw(t, "by"), near.Draw(t, "at"), hash)}
	}
}
