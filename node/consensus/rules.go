package consensus

import (
	"maps"
	"slices"

	"github.com/posnet/posnet/node/chain"
)

// run applies the rules until none fires. Line numbers are those of
// Algorithm 1. Each rule returns whether it changed anything; the order
// between them does not matter for safety, and is fixed for replay.
func (c *Core) run() {
	for c.step != StepDecided {
		if !c.decideRule() && !c.skipRule() && !c.wakeRule() && !c.proposalRule() && !c.polkaRule() && !c.nilRule() && !c.timerRules() {
			return
		}
	}
}

// wakeRule starts round 0 of an idle height when this node has something to
// decide, or others have: a proposal, or messages from more than a third of
// the stake.
func (c *Core) wakeRule() bool {
	if c.step != StepIdle || c.silent() {
		return false
	}
	if c.work || c.proposalSeen() || c.rules.Set.Blocking(c.stakeIn(c.sortedRounds()...)) {
		c.startRound(0)
		return true
	}
	return false
}

func (c *Core) proposalSeen() bool {
	for _, r := range c.sortedRounds() {
		if c.rounds[r].proposal != nil {
			return true
		}
	}
	return false
}

// startRound enters a round (lines 11 to 21).
func (c *Core) startRound(round uint64) {
	c.round, c.step, c.building = round, StepPropose, false
	c.forgetRounds()
	c.timer(StepPropose)
	// With a proposal of the round at hand (an interrupted run made it) there is
	// nothing more to propose: the vote-state exchange brings it to the others.
	if !c.Voting() || !c.isProposer(round) || c.at(round).proposal != nil {
		return
	}
	if c.validRound < 0 {
		c.building = true
		c.emit(Build{Height: c.rules.Height, Round: round})
		return
	}
	c.persistBlock(c.validHash)
	c.emit(SignProposal{
		Round: round, ValidRound: c.validRound, Block: c.blocks[c.validHash].block,
		Proof: c.at(uint64(c.validRound)).prevotes.of(c.validHash),
	})
}

// proposalRule prevotes on the proposal of the round (lines 22 to 33).
func (c *Core) proposalRule() bool {
	p := c.at(c.round).proposal
	if c.step != StepPropose || p == nil {
		return false
	}
	hash, vr := p.signed.BlockHash, p.signed.ValidRound
	if vr >= 0 && !c.at(uint64(vr)).prevotes.quorum(hash) {
		return false
	}
	valid, known := c.valid(hash)
	if !known {
		return false
	}
	accept := valid && (c.lockedRound <= vr || c.lockedHash == hash)
	if vr < 0 {
		accept = accept && c.timely(p)
	}
	if !accept {
		hash = chain.Hash{}
	}
	c.vote(chain.Prevote, hash)
	c.step = StepPrevote
	return true
}

// polkaRule locks and precommits what more than two thirds prevoted
// (lines 36 to 43).
func (c *Core) polkaRule() bool {
	r := c.at(c.round)
	if r.polkaSeen || r.proposal == nil || c.step < StepPrevote {
		return false
	}
	hash := r.proposal.signed.BlockHash
	if !r.prevotes.quorum(hash) {
		return false
	}
	if valid, known := c.valid(hash); !known || !valid {
		return false
	}
	r.polkaSeen = true
	if c.step == StepPrevote {
		c.lockedRound, c.lockedHash = int64(c.round), hash
		if c.Voting() {
			c.persistBlock(hash)
			c.emit(Persist{Record{Height: c.rules.Height, Lock: &LockRecord{
				Round: c.round, BlockHash: hash, Prevotes: r.prevotes.of(hash),
			}}})
		}
		c.vote(chain.Precommit, hash)
		c.step = StepPrecommit
	}
	c.validRound, c.validHash = int64(c.round), hash
	return true
}

// nilRule precommits nil when more than two thirds prevoted nil (lines 44 to 46).
func (c *Core) nilRule() bool {
	if c.step != StepPrevote || !c.at(c.round).prevotes.quorum(chain.Hash{}) {
		return false
	}
	c.vote(chain.Precommit, chain.Hash{})
	c.step = StepPrecommit
	return true
}

// timerRules starts the timers that end a step in which two thirds have spoken
// without agreeing (lines 34, 35, 47, 48).
func (c *Core) timerRules() bool {
	r := c.at(c.round)
	if c.step == StepPrevote && !r.prevoteTimer && r.prevotes.quorumAny() {
		r.prevoteTimer = true
		c.timer(StepPrevote)
		return true
	}
	if c.step != StepIdle && !r.precommitTimer && r.precommits.quorumAny() {
		r.precommitTimer = true
		c.timer(StepPrecommit)
		return true
	}
	return false
}

// decideRule decides a block that more than two thirds precommitted in any one
// round (lines 49 to 54).
func (c *Core) decideRule() bool {
	for _, r := range c.sortedRounds() {
		hash, ok := c.rounds[r].precommits.chosen()
		if !ok {
			continue
		}
		b := c.blocks[hash]
		if b == nil || b.from == nil {
			continue // the block will come: peers see in our vote state that we lack it
		}
		valid, known := c.valid(hash)
		if !known {
			continue
		}
		if !valid {
			c.halt("StateDiverged", "more than two thirds of the stake precommitted a block that this node finds invalid: "+b.err.Error())
			continue
		}
		c.step = StepDecided
		c.emit(Decide{Block: b.block, Hash: hash, Certificate: c.rounds[r].precommits.certificate(c.rules.Height, r, hash)})
		return true
	}
	return false
}

// skipRule goes to a higher round in which more than a third of the stake has
// spoken (lines 55 and 56).
func (c *Core) skipRule() bool {
	if c.silent() {
		return false
	}
	for _, r := range slices.Backward(c.sortedRounds()) {
		if r > c.round && c.rules.Set.Blocking(c.stakeIn(r)) {
			c.startRound(r)
			return true
		}
	}
	return false
}

// onTimeout ends a step that took too long (lines 57 to 67).
func (c *Core) onTimeout(t Timer) {
	if t.Height != c.rules.Height || t.Round != c.round {
		return
	}
	switch {
	case t.Step == StepPropose && c.step == StepPropose:
		c.vote(chain.Prevote, chain.Hash{})
		c.step = StepPrevote
	case t.Step == StepPrevote && c.step == StepPrevote:
		c.vote(chain.Precommit, chain.Hash{})
		c.step = StepPrecommit
	case t.Step == StepPrecommit && c.step != StepIdle:
		c.startRound(c.round + 1)
	}
}

// timer starts the timeout of a step of the current round.
func (c *Core) timer(step StepName) {
	p, r := &c.rules.Params, c.round
	after := p.ProposeTimeout + r*p.ProposeTimeoutStep
	switch step {
	case StepPrevote:
		after = p.PrevoteTimeout + r*p.PrevoteTimeoutStep
	case StepPrecommit:
		after = p.PrecommitTimeout + r*p.PrecommitTimeoutStep
	}
	c.emit(SetTimer{Timer: Timer{Height: c.rules.Height, Round: r, Step: step}, After: after})
}

// vote casts this node's vote of the current round, if it has one. The block is
// durable before its prevote, the lock before its precommit, and the intent
// before either.
func (c *Core) vote(kind chain.VoteKind, hash chain.Hash) {
	if !c.Voting() {
		return
	}
	if kind == chain.Prevote && !hash.IsZero() {
		c.persistBlock(hash)
	}
	v := chain.Vote{Kind: kind, Height: c.rules.Height, Round: c.round, BlockHash: hash}
	c.emit(Persist{Record{Height: v.Height, Vote: &v}})
	c.emit(SignVote{Vote: v})
}

// timely reports whether a fresh block's time fits the clock of this node at
// the moment it came. The window grows with the round, so that skewed clocks
// delay a height and cannot stop it.
func (c *Core) timely(p *Proposal) bool {
	t, now := p.block.Header.Time, p.received
	window := c.rules.Params.ClockDrift * (1 + p.signed.Round)
	return t > c.parentTime && t <= now+window && now <= t+window
}

// sortedRounds lists the rounds spoken of, ascending.
func (c *Core) sortedRounds() []uint64 { return slices.Sorted(maps.Keys(c.rounds)) }

// stakeIn is the stake that has voted in any of some rounds.
func (c *Core) stakeIn(rounds ...uint64) uint64 {
	sum := uint64(0)
	for i := range c.rules.Set.Len() {
		for _, round := range rounds {
			if r := c.rounds[round]; len(r.prevotes.votes[i]) > 0 || len(r.precommits.votes[i]) > 0 {
				sum += c.rules.Set.At(i).Stake
				break
			}
		}
	}
	return sum
}

// forgetRounds bounds memory in a height that does not end.
func (c *Core) forgetRounds() {
	for _, r := range c.sortedRounds() {
		if r+keptRounds < c.round && int64(r) != c.lockedRound && int64(r) != c.validRound {
			delete(c.rounds, r)
		}
	}
	for i := range c.future {
		c.future[i] = slices.DeleteFunc(c.future[i], func(r uint64) bool { return r <= c.round })
	}
}
