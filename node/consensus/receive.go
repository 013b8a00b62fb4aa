package consensus

import (
	"slices"

	"github.com/posnet/posnet/node/chain"
)

// onVote counts a vote, and reports it if it contradicts an earlier one.
func (c *Core) onVote(v Vote) {
	sv := &v.signed.Vote
	if sv.Height != c.rules.Height || v.index >= c.rules.Set.Len() || c.rules.Set.At(v.index).Address != v.signed.Validator {
		return
	}
	if !c.admitRound(v.index, sv.Round) {
		return
	}
	t := c.at(sv.Round).votes(sv.Kind)
	_, known := c.blocks[sv.BlockHash]
	conflict := t.add(v, known)
	if conflict == nil {
		return
	}
	c.emit(Report{chain.NewEvidence(chain.EvidenceVotes, v.signed.Validator,
		chain.Encode(&conflict.signed), chain.Encode(&v.signed))})
}

// admitRound bounds what is kept: of the past the last rounds and those of the
// lock and of the valid value; above our round the two newest rounds of each
// validator.
func (c *Core) admitRound(i int, round uint64) bool {
	if round <= c.round {
		return round+keptRounds >= c.round || c.rounds[round] != nil || int64(round) == c.lockedRound || int64(round) == c.validRound
	}
	if slices.Contains(c.future[i], round) {
		return true
	}
	f := append(slices.Clone(c.future[i]), round)
	slices.Sort(f)
	if len(f) <= futureRounds {
		c.future[i] = f
		return true
	}
	lowest := f[0]
	c.future[i] = f[1:]
	if lowest == round {
		return false
	}
	c.forget(i, lowest)
	return true
}

// forget drops what a validator said in a round.
func (c *Core) forget(i int, round uint64) {
	r := c.rounds[round]
	if r == nil {
		return
	}
	r.prevotes.drop(i)
	r.precommits.drop(i)
	if r.proposal != nil && r.proposer == i {
		c.dropProposal(r)
	}
	c.dropIfEmpty(round)
}

func (c *Core) dropIfEmpty(round uint64) {
	r := c.rounds[round]
	if r.proposal == nil && r.prevotes.any == 0 && r.precommits.any == 0 {
		delete(c.rounds, round)
	}
}

// onProposal keeps one proposal of a round: the first, unless a quorum of the
// round's votes chose the block of another. A second, different one is
// evidence: only the winner can have signed either.
func (c *Core) onProposal(p Proposal) {
	if p.signed.Height != c.rules.Height {
		return
	}
	winner := c.rules.Set.Winner(c.rules.Seed, c.rules.Height, p.signed.Round)
	if !c.admitRound(winner, p.signed.Round) {
		return
	}
	r, hash := c.at(p.signed.Round), p.signed.BlockHash
	if r.proposal != nil {
		c.reportProposals(winner, r.proposal, &p)
		if hash == r.proposal.signed.BlockHash || !(r.prevotes.quorum(hash) || r.precommits.quorum(hash)) {
			return
		}
	}
	if c.hold(hash, &p) {
		r.proposal, r.proposer = &p, winner
	} else {
		c.dropIfEmpty(p.signed.Round)
	}
}

// onBuilt proposes the block this node forged.
func (c *Core) onBuilt(e Built) {
	if e.Height != c.rules.Height || e.Round != c.round || c.step != StepPropose || !c.Voting() {
		return
	}
	if !c.building || c.at(e.Round).proposal != nil {
		return // one proposal a round, whatever the driver builds
	}
	c.building = false
	hash := e.Block.Header.Hash()
	if !c.draft(hash, e.Block) {
		return
	}
	c.emit(Persist{Record{Height: e.Height, Proposal: &chain.SignedProposal{
		Height: e.Height, Round: e.Round, ValidRound: -1, BlockHash: hash, Block: chain.Encode(e.Block),
	}}})
	c.emit(SignProposal{Round: e.Round, ValidRound: -1, Block: e.Block})
}

// reportProposals makes evidence of two different proposals of one round.
func (c *Core) reportProposals(winner int, a, b *Proposal) {
	who := c.rules.Set.At(winner).Address
	fresh := func(p *Proposal) bool { return p.signed.ValidRound < 0 }
	switch {
	case fresh(a) && fresh(b) && a.signed.BlockHash != b.signed.BlockHash:
		c.emit(Report{chain.NewEvidence(chain.EvidenceHeaders, who, signedHeader(a), signedHeader(b))})
	case !fresh(a) && !fresh(b) && (a.signed.BlockHash != b.signed.BlockHash || a.signed.ValidRound != b.signed.ValidRound):
		c.emit(Report{chain.NewEvidence(chain.EvidenceProposals, who, bare(a), bare(b))})
	}
}

func signedHeader(p *Proposal) []byte {
	return chain.Encode(&chain.SignedHeader{Header: p.block.Header, Signature: p.block.Signature})
}

func bare(p *Proposal) []byte {
	s := p.signed
	s.Block = nil
	return chain.Encode(&s)
}

func (c *Core) halt(reason, message string) {
	if c.halted {
		return
	}
	c.halted = true
	c.emit(Halt{Reason: reason, Message: message})
}
