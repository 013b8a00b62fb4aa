package consensus

import (
	"encoding/binary"

	"github.com/posnet/posnet/node/chain"
)

// near is a round within two of the core's.
func (s *script) near() uint64 {
	r := s.core.Round() + uint64(s.next()%3)
	return r - min(r, uint64(s.next()%3))
}

// far is any round; the model does not know the bounds on those.
func (s *script) far() uint64 {
	s.model = nil
	var b [4]byte
	for i := range b {
		b[i] = s.next()
	}
	return uint64(binary.BigEndian.Uint32(b[:]))
}

// operation is one letter of a script with its operands. Letters, so that seeds
// can be read.
func (s *script) operation(op byte) {
	c := s.core
	switch op {
	case 'h': // the next validator listens
		s.step(PeerState{Peer: "p", Validator: int(s.next()) % s.Set.Len(), State: chain.VoteState{Height: s.Height, Round: c.Round()}})
	case 'v': // a vote: kind, validator, block, round
		s.takeVote(s.next(), s.next(), s.next(), s.near())
	case 'V': // votes of all others: kind, block, round
		kind, which, round := s.next(), s.next(), s.near()
		for i := range s.Set.Len() {
			s.takeVote(kind, byte(i), which, round)
		}
	case 'F': // a vote in a far round
		s.takeVote(s.next(), s.next(), 0xff, s.far())
	case 'p': // a fresh proposal: which block, round
		which := s.next()
		round := s.near()
		s.propose(s.forged(round, which), round, -1)
	case 'P': // a fresh proposal of a far round
		which := s.next()
		round := s.far()
		s.propose(s.forged(round, which), round, -1)
	case 'a': // a re-proposal: block of the valid round, valid round, round
		which, vr, round := s.next(), uint64(s.next()), s.near()
		if round > 0 {
			s.propose(s.forged(vr%round, which), round, int64(vr%round))
		}
	case 'q': // an answer of the driver arrives
		if n := len(s.answer); n > 0 {
			i := int(s.next()) % n
			e := s.answer[i]
			s.answer = append(s.answer[:i:i], s.answer[i+1:]...)
			s.step(e)
		}
	case 'x': // a block is executed, unasked and perhaps with another outcome
		e := Executed{Height: s.Height + uint64(s.next()%2), Hash: s.hash(s.next())}
		if s.next()%3 == 0 {
			e.Err = errGarbage
		}
		if b := c.blocks[e.Hash]; b != nil && e.Height == s.Height && b.executed {
			return // a driver answers once: it is deterministic
		}
		if c.blocks[e.Hash] != nil {
			s.step(e)
		}
	case 'b': // the driver has built, perhaps late
		if len(s.builds) > 0 {
			b := s.builds[int(s.next())%len(s.builds)]
			block := *s.forged(b.Round, s.next())
			block.Signature = chain.Signature{}
			s.step(Built{Height: b.Height, Round: b.Round, Block: s.meet(&block)})
		}
	case 't': // a timer: height, round, step
		s.step(TimedOut{Timer{Height: s.Height + uint64(s.next()%2), Round: c.Round() + uint64(s.next()%2), Step: StepName(s.next() % 5)}})
	case 'w':
		s.step(Work{Height: s.Height})
	case 's': // a peer's vote state: validator, round, bits
		bits := []byte{s.next()}
		st := chain.VoteState{Height: s.Height, Round: c.Round(), Rounds: []chain.RoundState{{Round: s.near(), Proposal: bits[0]&1 == 1, Prevotes: bits, Precommits: s.some()}}}
		s.step(PeerState{Peer: "p", Validator: int(s.next())%(s.Set.Len()+1) - 1, State: st})
	case 'g': // a peer's vote state as bytes
		if st, err := chain.DecodeVoteState(s.some()); err == nil {
			s.step(PeerState{Peer: "p", Validator: int(s.next())%(s.Set.Len()+1) - 1, State: *st})
		}
	case 'G': // a vote and a proposal as bytes, of a stranger
		raw := s.some()
		var sv chain.SignedVote
		if chain.Decode(raw, &sv, 1024) == nil {
			if v, err := c.Rules().VerifyVote(&sv); err == nil {
				s.step(VoteReceived{v})
			}
			_ = c.Has(&sv)
		}
		var sp chain.SignedProposal
		if chain.Decode(raw, &sp, chain.MaxProposalBytes) == nil {
			if p, err := c.Rules().VerifyProposal(&sp, 0); err == nil {
				s.step(ProposalReceived{p})
			}
			_ = c.HasProposal(&sp)
		}
	case 'e': // another process signs with our key
		s.model = nil
		s.step(ForeignSelf{Height: s.Height, Round: uint64(s.next()), Kind: chain.VoteKind(s.next() % 3)})
	case 'c':
		s.crash()
	}
}

func (s *script) takeVote(kind, validator, which byte, round uint64) {
	if int(validator)%s.Set.Len() == s.self {
		return // own votes come from the driver, or prove a double identity
	}
	v := chain.Vote{Kind: chain.VoteKind(1 + kind%2), Height: s.Height, Round: round, BlockHash: s.hash(which)}
	if s.names[v.BlockHash] == "" {
		s.names[v.BlockHash] = "an unknown block"
	}
	s.step(VoteReceived{s.signedVote(int(validator)%s.Set.Len(), v)})
}

// propose brings a block, unless it is this node's to propose.
func (s *script) propose(b *chain.Block, round uint64, validRound int64) {
	rules := s.core.Rules()
	if rules.winner(round) == s.self || rules.winner(b.Header.Round) == s.self {
		return
	}
	s.step(ProposalReceived{s.signedProposal(s.meet(b), round, validRound, b.Header.Time+uint64(s.next())*100)})
}
