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
	_, conflict := t.add(v, known)
	if conflict == nil {
		return
	}
	c.emit(Report{chain.NewEvidence(chain.EvidenceVotes, v.signed.Validator,
		chain.Encode(&conflict.signed), chain.Encode(&v.signed))})
}

// admitRound bounds what one validator can make us keep above our round: its
// two newest rounds.
func (c *Core) admitRound(i int, round uint64) bool {
	if round <= c.round {
		return round+keptRounds >= c.round || c.rounds[round] != nil
	}
	if slices.Contains(c.future[i], round) {
		return true
	}
	f := append(c.future[i], round)
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
	r := c.rounds[lowest]
	r.prevotes.drop(i)
	r.precommits.drop(i)
	c.dropIfEmpty(lowest)
	return true
}

func (c *Core) dropIfEmpty(round uint64) {
	r := c.rounds[round]
	if r.proposal == nil && r.prevotes.any == 0 && r.precommits.any == 0 {
		delete(c.rounds, round)
	}
}

// onProposal keeps the first proposal of a round. A second, different one is
// evidence: only the winner can have signed either.
func (c *Core) onProposal(p Proposal) {
	if p.signed.Height != c.rules.Height {
		return
	}
	winner := c.rules.Set.Winner(c.rules.Seed, c.rules.Height, p.signed.Round)
	if !c.admitRound(winner, p.signed.Round) {
		return
	}
	r := c.at(p.signed.Round)
	if r.proposal != nil {
		c.reportProposals(winner, r.proposal, &p)
		return
	}
	if !c.hold(p.signed.BlockHash, p.block) {
		return
	}
	c.blocks[p.signed.BlockHash].block = p.block // signed, where our own draft was not yet
	r.proposal = &p
}

// hold keeps a block of this height, within bounds: the oldest that neither a
// lock, a valid value nor a quorum of precommits refers to makes room.
func (c *Core) hold(h chain.Hash, b *chain.Block) bool {
	if c.blocks[h] != nil {
		return true
	}
	if len(c.blocks) >= maxBlocks && !c.makeRoom() {
		return false
	}
	c.blocks[h] = &candidate{block: b}
	return true
}

func (c *Core) makeRoom() bool {
	for _, r := range c.sortedRounds() {
		rs := c.rounds[r]
		if rs.proposal == nil || r >= c.round {
			continue
		}
		h := rs.proposal.signed.BlockHash
		if h == c.lockedHash || h == c.validHash || rs.precommits.quorum(h) {
			continue
		}
		rs.proposal = nil
		if !c.proposedElsewhere(h) {
			delete(c.blocks, h)
			return true
		}
	}
	return false
}

func (c *Core) proposedElsewhere(h chain.Hash) bool {
	for _, r := range c.sortedRounds() {
		if p := c.rounds[r].proposal; p != nil && p.signed.BlockHash == h {
			return true
		}
	}
	return false
}

// onBuilt proposes the block this node forged.
func (c *Core) onBuilt(e Built) {
	if e.Height != c.rules.Height || e.Round != c.round || c.step != StepPropose || !c.Voting() {
		return
	}
	hash := e.Block.Header.Hash()
	if !c.hold(hash, e.Block) {
		return
	}
	b := c.blocks[hash]
	b.asked, b.executed, b.persisted = true, true, true
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
