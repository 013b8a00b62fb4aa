package consensus

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/posnet/posnet/node/chain"
)

// script is a run of FuzzStep: a core with real keys, a driver with a disk, and
// the naive model beside it for as long as the script stays within what the model
// knows: eight blocks, and rounds within two of the core's. Asserted after every
// event:
//
//   - nothing panics;
//   - effects are in order, and no slot is ever signed twice with other contents,
//     over all crashes (order);
//   - the round, the locked and the valid round never fall within a life and a
//     height, and a lock is a valid value;
//   - what is held is bounded (checkBounds);
//   - the core says and does what the model does.
type script struct {
	t  *testing.T
	in []byte
	*fixture
	*world
	self   int
	core   *Core
	model  *naive // nil: the script has left what it knows
	order  *order
	answer []Event // of the driver, not given yet
	builds []Build
	blocks map[chain.Hash]bool // met in this height

	records []Record
	votes   map[chain.Vote]Vote // by slot
	headers map[chain.Hash]chain.Signature
	top     uint64

	locks, decided, crashes, compared int
}

func newScript(t *testing.T, in []byte) *script {
	f := *fixtures[4]
	s := &script{t: t, in: in, fixture: &f, self: (f.winner(0) + 1) % 4, order: newOrder()}
	s.model = newNaive(s.self, newLines())
	s.open(nil)
	return s
}

// next is the next byte of the script; zero at its end.
func (s *script) next() byte {
	if len(s.in) == 0 {
		return 0
	}
	b := s.in[0]
	s.in = s.in[1:]
	return b
}

// some are the next bytes, as many as the first of them says.
func (s *script) some() []byte {
	n := min(int(s.next()), len(s.in))
	b := s.in[:n]
	s.in = s.in[n:]
	return b
}

// open begins a height, at the start of a life or after a decision.
func (s *script) open(r *Recovery) {
	if r == nil && s.core != nil && s.core.StepName() != StepDecided || s.core == nil || r != nil {
		s.core = New(Config{Genesis: s.Genesis, Self: s.members[s.self].address})
	}
	if s.world == nil || s.world.height != s.Height {
		s.world = &world{set: s.Set, seed: s.Seed, height: s.Height, params: s.Params, names: map[chain.Hash]string{{}: "nil"}}
		s.records, s.votes, s.headers, s.top = nil, map[chain.Vote]Vote{}, map[chain.Hash]chain.Signature{}, 0
		s.blocks = map[chain.Hash]bool{}
	}
	s.answer, s.builds = nil, nil
	s.step(Begin{Height: s.Height, Set: s.Set, Seed: s.Seed, Params: s.Params, ParentTime: parentTime, Recovered: r})
}

func (s *script) play() {
	for steps := 0; len(s.in) > 0 && steps < 300; steps++ {
		if s.core.StepName() == StepDecided {
			s.decided++
			s.Height++
			s.Seed = chain.Sum(s.Seed[:])
			s.open(nil)
		}
		s.operation(s.next())
	}
}

// step gives an event to both and checks everything.
func (s *script) step(e Event) {
	before := *s.core
	effects := s.core.Step(e)
	_, begins := e.(Begin)
	if c := s.core; !begins && (c.round < before.round || c.lockedRound < before.lockedRound || c.validRound < before.validRound) {
		s.t.Fatalf("after %T: round %d lock %d valid %d, before it %d %d %d", e, c.round, c.lockedRound, c.validRound, before.round, before.lockedRound, before.validRound)
	}
	if c := s.core; c.lockedRound > c.validRound && c.blocks[c.lockedHash] != nil {
		s.t.Fatalf("after %T: locked in round %d, and the valid value is of round %d", e, c.lockedRound, c.validRound)
	}
	if s.core.lockedRound > before.lockedRound {
		s.locks++
	}
	s.checkBounds()
	s.compare(e, effects)
	for _, x := range effects {
		if err := s.order.effect(s.world.height, x); err != nil {
			s.t.Fatalf("after %T, effect %T: %v", e, x, err)
		}
		s.perform(x)
	}
}

// checkBounds holds the core to what it may keep, whatever verified messages say:
// eight blocks; of rounds the current one, 64 below, those of the lock and of the
// valid value, and two above of each validator; of a validator for one slot two
// votes, and one for each block held; vote states within their cap.
func (s *script) checkBounds() {
	c := s.core
	n := s.Set.Len()
	if len(c.blocks) > maxBlocks || len(c.rounds) > keptRounds+3+futureRounds*n {
		s.t.Fatalf("%d blocks and %d rounds are held", len(c.blocks), len(c.rounds))
	}
	for _, r := range c.rounds {
		for _, t := range []*tally{r.prevotes, r.precommits} {
			for i, held := range t.votes {
				if len(held) > maxVotes {
					s.t.Fatalf("%d votes of validator %d for one slot are held", len(held), i)
				}
			}
		}
	}
	for i, f := range c.future {
		if len(f) > futureRounds {
			s.t.Fatalf("%d rounds ahead of validator %d", len(f), i)
		}
	}
	if st := c.State(); c.step != StepDecided {
		if _, err := chain.DecodeVoteState(chain.Encode(&st)); err != nil {
			s.t.Fatalf("peers would refuse the vote state: %v", err)
		}
	}
}

func (s *script) compare(e Event, effects []Effect) {
	if s.model == nil {
		return
	}
	if len(s.blocks) > maxBlocks {
		s.model = nil
		return
	}
	s.compared++
	m, c := s.model, s.core
	m.out = nil
	if b, ok := e.(Begin); ok {
		m.begin(s.world, b.Recovered)
	} else {
		m.event(e)
	}
	if got := spoken(s.world, effects); !slices.Equal(got, m.out) {
		s.t.Fatalf("after %T %.300s\nthe core does    %q\nthe paper says   %q", e, fmt.Sprintf("%+v", e), got, m.out)
	}
	if c.round != m.round || c.step.String() != m.step || c.lockedRound != m.lockedRound || c.validRound != m.validRound || c.silent() != m.silent {
		s.t.Fatalf("after %T: the core stands at %d %s lock %d valid %d, the paper at %d %s lock %d valid %d", e,
			c.round, c.step, c.lockedRound, c.validRound, m.round, m.step, m.lockedRound, m.validRound)
	}
}

// perform is the driver: it signs, keeps what is durable, and answers later.
func (s *script) perform(e Effect) {
	switch e := e.(type) {
	case Persist:
		s.records = append(s.records, e.Record)
	case SignVote:
		slot := e.Vote
		slot.BlockHash = chain.Hash{}
		v := s.signedVote(s.self, e.Vote)
		s.votes[slot] = v
		s.top = max(s.top, e.Vote.Round)
		s.answer = append(s.answer, VoteReceived{v})
	case SignProposal:
		b := *e.Block
		if e.ValidRound < 0 {
			s.sign(s.core.Rules(), &b)
			s.headers[b.Header.Hash()] = b.Signature
		}
		s.top = max(s.top, e.Round)
		s.answer = append(s.answer, ProposalReceived{s.signedProposal(&b, e.Round, e.ValidRound, b.Header.Time)})
	case Build:
		s.builds = append(s.builds, e)
	case Execute:
		s.answer = append(s.answer, Executed{Height: s.Height, Hash: e.Hash})
	}
}

// What was signed and verified once need not be again: the fixture, the seeds of
// the heights and so all messages are the same in every script.
var (
	forgedBlocks, verifiedVotes, verifiedProposals sync.Map
)

type blockKey struct {
	height, round uint64
	which         byte
}

type voteKey struct {
	vote      chain.Vote
	validator int
}

type proposalKey struct {
	hash       chain.Hash
	round      uint64
	validRound int64
}

// signedVote is a vote of a validator, signed and verified.
func (s *script) signedVote(i int, v chain.Vote) Vote {
	key := voteKey{v, i}
	if known, ok := verifiedVotes.Load(key); ok {
		return known.(Vote)
	}
	made := s.verified(s.fixture.vote(i, v))
	verifiedVotes.Store(key, made)
	return made
}

// signedProposal is a block proposed by the winner of a round, signed and verified.
func (s *script) signedProposal(b *chain.Block, round uint64, validRound int64, received uint64) Proposal {
	key := proposalKey{b.Header.Hash(), round, validRound}
	known, ok := verifiedProposals.Load(key)
	if !ok {
		rules := s.core.Rules()
		made, err := rules.VerifyProposal(s.again(rules, b, round, validRound), 0)
		if err != nil {
			s.t.Fatalf("a proposal that was signed does not verify: %v", err)
		}
		verifiedProposals.Store(key, made)
		known = made
	}
	p := known.(Proposal)
	p.received = received
	return p
}

func (s *script) verified(sv *chain.SignedVote) Vote {
	v, err := s.core.Rules().VerifyVote(sv)
	if err != nil {
		s.t.Fatalf("a vote that was signed does not verify: %v", err)
	}
	return v
}

// crash starts again with what is durable, as the replica does.
func (s *script) crash() {
	s.crashes++
	r := &Recovery{LockedRound: -1, Round: s.top}
	for _, rec := range s.records {
		switch {
		case rec.Proposal != nil:
			p := *rec.Proposal
			b, err := chain.DecodeBlock(p.Block, chain.MaxBlockBytes)
			if err != nil {
				s.t.Fatalf("a recorded block does not read: %v", err)
			}
			if sig, ok := s.headers[p.BlockHash]; ok && b.Signature == (chain.Signature{}) {
				b.Signature = sig
			}
			if b.Signature != (chain.Signature{}) { // else it was never released
				r.Proposals = append(r.Proposals, s.signedProposal(b, p.Round, p.ValidRound, b.Header.Time))
			}
		case rec.Lock != nil:
			r.LockedRound, r.LockedHash, r.Proof = int64(rec.Lock.Round), rec.Lock.BlockHash, nil
			for i := range rec.Lock.Prevotes {
				sv := &rec.Lock.Prevotes[i]
				by, _ := s.Set.Index(sv.Validator)
				r.Proof = append(r.Proof, s.signedVote(by, sv.Vote))
			}
		case rec.Vote != nil:
			slot := *rec.Vote
			slot.BlockHash = chain.Hash{}
			if v, ok := s.votes[slot]; ok && v.signed.Vote == *rec.Vote {
				r.OwnVotes = append(r.OwnVotes, v)
			}
		}
	}
	if s.model != nil {
		s.model = newNaive(s.self, newLines())
	}
	if len(s.records) == 0 {
		r = nil
	}
	s.core = nil
	s.open(r)
}

// meet names a block, once.
func (s *script) meet(b *chain.Block) *chain.Block {
	h := b.Header.Hash()
	if !s.blocks[h] {
		s.blocks[h] = true
		s.names[h] = fmt.Sprintf("block %d of round %d", len(s.blocks), b.Header.Round)
	}
	return b
}

// forged is a block that the winner of a round made; each may make two.
func (s *script) forged(round uint64, which byte) *chain.Block {
	key := blockKey{s.Height, round, which % 2}
	if known, ok := forgedBlocks.Load(key); ok {
		return known.(*chain.Block)
	}
	b := s.forge(s.core.Rules(), round, parentTime+100, s.parent(), fmt.Sprint("fuzz", round, which%2))
	s.sign(s.core.Rules(), b)
	forgedBlocks.Store(key, b)
	return b
}

// parent is a certificate of the height below. Nobody here checks it.
func (s *script) parent() *chain.Certificate {
	if s.Height == 1 {
		return nil
	}
	return &chain.Certificate{Height: s.Height - 1, BlockHash: chain.Sum(chain.Uint64(s.Height)), Signers: []byte{7}, Signatures: make([]chain.Signature, 3)}
}

// hash is a block of the height by number; nil, and one that nobody has.
func (s *script) hash(which byte) chain.Hash {
	switch {
	case which == 0xff:
		return chain.Hash{}
	case which == 0xfe || len(s.blocks) == 0:
		return chain.Sum([]byte("a block that nobody has"))
	}
	var all []chain.Hash
	for h := range s.blocks {
		all = append(all, h)
	}
	slices.SortFunc(all, func(a, b chain.Hash) int { return bytes.Compare(a[:], b[:]) })
	return all[int(which)%len(all)]
}
