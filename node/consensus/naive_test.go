package consensus

import (
	"fmt"
	"slices"

	"github.com/posnet/posnet/node/chain"
)

// naive is Algorithm 1 written as it stands in the paper, with what section 9 of
// docs/protocol.md adds: idling, the silence after a start, recovery. It keeps
// every message and, after each event, looks through all of them for a rule that
// fires. It shares no code with the core beyond the messages.
//
// Where the paper leaves a choice, or the protocol departs from it, the model
// takes the protocol's: the propose timer runs for the proposer too (line 20); of
// an equivocating proposer the first proposal counts unless more than two thirds
// voted for another; only votes count for lines 55 and 56; of two blocks with two
// thirds of the precommits each, the one that the first validator voted for.
//
// Not in the model, and held elsewhere: the bounds on rounds and blocks
// (bounds_test.go), what is durable before what leaves (order_test.go), the
// exchange of vote states (testdata/exchange*.txt), evidence
// (testdata/equivocating*.txt).
type naive struct {
	w     *world
	self  int // -1: a follower
	lines *lines

	silent bool
	halted bool
	heard  map[int]bool

	round       uint64
	step        string
	lockedRound int64
	locked      chain.Hash
	validRound  int64
	valid       chain.Hash

	proposals map[uint64]Proposal
	votes     []Vote
	held      map[chain.Hash]bool // blocks received
	drafts    map[chain.Hash]bool // own blocks that were built
	results   map[chain.Hash]bool // blocks executed, and whether they are valid
	fired     map[string]bool     // "for the first time" rules that have fired
	work      bool
	building  bool
	out       []string
}

func newNaive(self int, l *lines) *naive {
	return &naive{self: self, lines: l, silent: self >= 0, heard: map[int]bool{}}
}

// begin opens a height (lines 1 to 9, and 52 to 54 but for the start of round 0,
// which waits for something to decide).
func (n *naive) begin(w *world, r *Recovery) {
	n.w, n.round, n.step, n.work, n.building = w, 0, "idle", false, false
	n.lockedRound, n.locked, n.validRound, n.valid = -1, chain.Hash{}, -1, chain.Hash{}
	n.proposals, n.votes = map[uint64]Proposal{}, nil
	n.held, n.drafts, n.results, n.fired = map[chain.Hash]bool{}, map[chain.Hash]bool{}, map[chain.Hash]bool{}, map[string]bool{}
	if r != nil {
		n.recover(r)
	}
	n.checkSilence()
	n.follow()
}

// recover takes up what is durable: blocks, the lock with its proof, own votes.
// The node stands in the highest round it signed or locked in.
func (n *naive) recover(r *Recovery) {
	n.lines.hit("recovery")
	n.round = r.Round
	for _, p := range r.Proposals {
		n.proposals[p.signed.Round] = p
		n.held[p.signed.BlockHash] = true
	}
	for _, v := range slices.Concat(r.Proof, r.OwnVotes) {
		n.receive(v)
	}
	if r.LockedRound < 0 {
		return
	}
	n.lines.hit("recovery with a lock")
	n.round = max(n.round, uint64(r.LockedRound))
	n.lockedRound, n.locked = r.LockedRound, r.LockedHash
	if n.held[r.LockedHash] {
		n.validRound, n.valid = r.LockedRound, r.LockedHash
	}
}

// checkSilence ends the silence when validators with more than two thirds of the
// stake, this one among them, were heard.
func (n *naive) checkSilence() {
	sum := uint64(0)
	for i := range n.w.set.Len() {
		if i == n.self || n.heard[i] {
			sum += n.w.set.At(i).Stake
		}
	}
	if !n.silent || 3*sum <= 2*n.w.set.Total() {
		return
	}
	n.silent = false
	voted := func(k chain.VoteKind) bool { return n.ownVote(k, n.round) }
	_, proposed := n.proposals[n.round]
	switch {
	case voted(chain.Precommit):
		n.lines.hit("resume after an own precommit")
		n.step = "precommit"
	case voted(chain.Prevote):
		n.lines.hit("resume after an own prevote")
		n.step = "prevote"
	case n.round > 0 || proposed:
		n.lines.hit("resume at the start of a round")
		n.startRound(n.round)
	}
}

func (n *naive) ownVote(k chain.VoteKind, round uint64) bool {
	return slices.ContainsFunc(n.votes, func(v Vote) bool {
		return v.index == n.self && v.signed.Vote.Kind == k && v.signed.Vote.Round == round
	})
}

// hear takes a vote state. One that shows a vote of ours, in a round that we may
// sign in, which we do not know does not count.
func (n *naive) hear(e PeerState) {
	if !n.silent || e.Validator < 0 || e.State.Height > n.w.height {
		return
	}
	for _, r := range e.State.Rounds {
		shows := func(bits []byte) bool { return n.self < 8*len(bits) && bits[n.self/8]>>(n.self%8)&1 == 1 }
		if e.State.Height == n.w.height && r.Round >= n.round &&
			(shows(r.Prevotes) && !n.ownVote(chain.Prevote, r.Round) || shows(r.Precommits) && !n.ownVote(chain.Precommit, r.Round)) {
			n.lines.hit("a peer shows an unknown own vote")
			return
		}
	}
	n.heard[e.Validator] = true
	n.checkSilence()
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

// mute reports whether the node says nothing: it follows all the same.
func (n *naive) mute() bool { return n.self < 0 || n.silent || n.halted }

func (n *naive) vote(kind chain.VoteKind, hash chain.Hash) {
	if !n.mute() {
		n.say("%s %s in round %d", kind, n.w.names[hash], n.round)
	}
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
	n.lines.hit("11 start a round")
	if r > 3 {
		n.lines.hit("11 start a round above 3")
	}
	n.round, n.step, n.building = r, "propose", false
	n.lines.hit("21 propose timer")
	n.timer("propose", n.w.params.ProposeTimeout, n.w.params.ProposeTimeoutStep)
	if _, made := n.proposals[r]; made || n.mute() || n.w.set.Winner(n.w.seed, n.w.height, r) != n.self {
		return
	}
	if n.validRound < 0 {
		n.lines.hit("18 get a new value")
		n.building = true
		n.say("build a block for round %d", r)
		return
	}
	n.lines.hit("16 propose the valid value again")
	n.say("re-propose %s in round %d, valid since round %d", n.w.names[n.valid], r, n.validRound)
}

// event takes one event and everything that follows.
func (n *naive) event(e Event) {
	if n.step == "decided" {
		return
	}
	switch e := e.(type) {
	case VoteReceived:
		if e.Vote.signed.Vote.Height == n.w.height {
			n.receive(e.Vote)
		}
	case ProposalReceived:
		n.propose(e.Proposal)
	case Built:
		_, made := n.proposals[n.round]
		if e.Height == n.w.height && e.Round == n.round && n.building && n.step == "propose" && !made && !n.mute() {
			hash := e.Block.Header.Hash()
			n.building, n.drafts[hash], n.results[hash] = false, true, true
			n.lines.hit("19 propose a new value")
			n.say("propose %s in round %d", n.w.names[hash], n.round)
		}
	case Executed:
		if e.Height == n.w.height {
			n.results[e.Hash] = e.Err == nil
		}
	case Work:
		n.work = n.work || e.Height == n.w.height
	case PeerState:
		n.hear(e)
	case TimedOut:
		if t := e.Timer; t.Height == n.w.height && t.Round == n.round {
			n.timeout(t.Step)
		}
	}
	n.follow()
}

func (n *naive) propose(p Proposal) {
	hash, round := p.signed.BlockHash, p.signed.Round
	if p.signed.Height != n.w.height {
		return
	}
	old, have := n.proposals[round]
	switch {
	case !have:
	case old.signed.BlockHash == hash:
		return
	case n.twoThirds(chain.Prevote, round, &hash) || n.twoThirds(chain.Precommit, round, &hash):
		n.lines.hit("another proposal that two thirds voted for")
	default:
		n.lines.hit("another proposal of one round")
		return
	}
	n.proposals[round] = p
	n.held[hash] = true
}

func (n *naive) timeout(step StepName) {
	switch {
	case step == StepPropose && n.step == "propose":
		n.lines.hit("59 prevote nil on the propose timeout")
		n.vote(chain.Prevote, chain.Hash{})
		n.step = "prevote"
	case step == StepPrevote && n.step == "prevote":
		n.lines.hit("63 precommit nil on the prevote timeout")
		n.vote(chain.Precommit, chain.Hash{})
		n.step = "precommit"
	case step == StepPrecommit && n.step != "idle":
		n.lines.hit("67 next round on the precommit timeout")
		n.startRound(n.round + 1)
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
	if same > 0 {
		n.lines.hit("a validator contradicts itself")
	}
	if hash := v.signed.Vote.BlockHash; same < 2 || n.held[hash] || n.drafts[hash] {
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
