package consensus

import (
	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

// futureRounds is how many rounds above its own a node keeps per validator.
const futureRounds = 2

// keptRounds is how many past rounds of a height are kept; those of the lock
// and of the valid value stay besides.
const keptRounds = 64

// maxBlocks caps the proposed blocks held of a height.
const maxBlocks = 8

// Config says who a core is.
type Config struct {
	Genesis chain.Hash
	// Self is the validator's address; zero for a node that never votes.
	Self chain.Address
	// Known are signatures found good before; nil: check all.
	Known *keys.Known
}

// Core is the state of one node in one height. Not for concurrent use.
type Core struct {
	cfg   Config
	rules Rules
	me    int // position in the set, -1: does not vote in this height

	parentTime uint64
	round      uint64
	step       StepName

	lockedRound int64 // -1: none
	lockedHash  chain.Hash
	validRound  int64 // -1: none
	validHash   chain.Hash

	rounds   map[uint64]*roundState
	blocks   map[chain.Hash]*candidate
	future   [][]uint64             // by validator: rounds above ours it has messages in, ascending
	work     bool                   // something to decide was announced
	building bool                   // a Build of this round waits for its answer
	mayVote  bool                   // the silence after a start is over
	heard    map[chain.Address]bool // validators that spoke to us during that silence
	halted   bool

	out []Effect // of the running Step
}

// roundState holds the messages of one round.
type roundState struct {
	proposal       *Proposal
	proposer       int // who won the round; known with the proposal
	prevotes       *tally
	precommits     *tally
	polkaSeen      bool // line 36 has fired
	prevoteTimer   bool // line 34 has fired
	precommitTimer bool // line 47 has fired
}

// New makes a core that waits for its first [Begin].
func New(cfg Config) *Core {
	return &Core{cfg: cfg, me: -1, step: StepDecided, heard: map[chain.Address]bool{}}
}

// Height is the height being decided, 0 before the first [Begin].
func (c *Core) Height() uint64 { return c.rules.Height }

// Round is the current round.
func (c *Core) Round() uint64 { return c.round }

// StepName is the current step.
func (c *Core) StepName() StepName { return c.step }

// Rules are what messages of the current height are verified against.
func (c *Core) Rules() *Rules { return &c.rules }

// Halted reports whether the core has stopped voting for good.
func (c *Core) Halted() bool { return c.halted }

// Voting reports whether this node votes: it is a validator of the height, not
// halted, and past the silence after its start.
func (c *Core) Voting() bool { return c.me >= 0 && c.mayVote && !c.halted }

// Step takes one event and returns what must be done, in order.
func (c *Core) Step(e Event) []Effect {
	c.out = nil
	if b, ok := e.(Begin); ok {
		c.begin(b)
	} else if c.step != StepDecided {
		c.handle(e)
	}
	c.run()
	return c.out
}

func (c *Core) handle(e Event) {
	switch e := e.(type) {
	case VoteReceived:
		c.onVote(e.Vote)
	case ProposalReceived:
		c.onProposal(e.Proposal)
	case Executed:
		if b := c.blocks[e.Hash]; b != nil && e.Height == c.rules.Height {
			b.asked, b.executed, b.err = true, true, e.Err
		}
	case Built:
		c.onBuilt(e)
	case Work:
		c.work = c.work || e.Height == c.rules.Height
	case TimedOut:
		c.onTimeout(e.Timer)
	case PeerState:
		c.onPeerState(e)
	case ForeignSelf:
		c.onForeignSelf(e)
	}
}

func (c *Core) emit(e Effect) { c.out = append(c.out, e) }

// begin opens a height, taking up what an interrupted run left.
func (c *Core) begin(b Begin) {
	c.rules = Rules{Genesis: c.cfg.Genesis, Height: b.Height, Set: b.Set, Seed: b.Seed, Params: b.Params, Known: c.cfg.Known}
	c.parentTime = b.ParentTime
	c.round, c.step, c.work, c.building = 0, StepIdle, false, false
	c.lockedRound, c.lockedHash = -1, chain.Hash{}
	c.validRound, c.validHash = -1, chain.Hash{}
	c.rounds = map[uint64]*roundState{}
	c.blocks = map[chain.Hash]*candidate{}
	c.future = make([][]uint64, b.Set.Len())
	c.me = -1
	if i, ok := b.Set.Index(c.cfg.Self); ok && !c.cfg.Self.IsZero() {
		c.me = i
	}
	if r := b.Recovered; r != nil {
		c.takeUp(r)
	}
	c.checkSilence()
}

// at is the state of a round, made when first spoken of.
func (c *Core) at(round uint64) *roundState {
	r := c.rounds[round]
	if r == nil {
		r = &roundState{prevotes: newTally(c.rules.Set), precommits: newTally(c.rules.Set)}
		c.rounds[round] = r
	}
	return r
}

func (r *roundState) votes(k chain.VoteKind) *tally {
	if k == chain.Prevote {
		return r.prevotes
	}
	return r.precommits
}

// isProposer reports whether this node won the lottery of a round.
func (c *Core) isProposer(round uint64) bool {
	return c.me >= 0 && c.rules.Set.Winner(c.rules.Seed, c.rules.Height, round) == c.me
}
