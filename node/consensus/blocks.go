package consensus

import (
	"bytes"
	"maps"
	"slices"

	"github.com/posnet/posnet/node/chain"
)

// candidate is a block that may be decided, and what is known of it.
type candidate struct {
	block     *chain.Block
	from      *Proposal // what brought it, nil for an own draft that is not signed yet
	asked     bool      // Execute is under way or done
	executed  bool
	err       error // of the execution
	persisted bool
}

// hold keeps a proposed block, within bounds.
func (c *Core) hold(h chain.Hash, p *Proposal) bool {
	b := c.blocks[h]
	if b == nil {
		if !c.makeRoom(p.signed.Round) {
			return false
		}
		b = &candidate{}
		c.blocks[h] = b
	}
	if b.from == nil {
		b.block, b.from = p.block, p // signed, where our own draft was not yet
	}
	return true
}

// draft keeps a block that this node made and has not signed: it is valid, and
// durable before anything that follows.
func (c *Core) draft(h chain.Hash, b *chain.Block) bool {
	if c.blocks[h] == nil {
		if !c.makeRoom(c.round) {
			return false
		}
		c.blocks[h] = &candidate{block: b}
	}
	d := c.blocks[h]
	d.asked, d.executed, d.persisted = true, true, true
	return true
}

// makeRoom lets a block of some round in, at the cost of one that is needed
// less: first one no round proposes any more, then that of the earliest past
// round, then that of the farthest future round. A validator that floods future
// rounds, which it may win by the thousand, so never keeps out the block of the
// present. Blocks that a lock, the valid value or a quorum of precommits refers
// to stay, and so does that of the current round.
func (c *Core) makeRoom(round uint64) bool {
	if len(c.blocks) < maxBlocks {
		return true
	}
	var victim *chain.Hash
	var least uint64
	for _, h := range slices.SortedFunc(maps.Keys(c.blocks), func(a, b chain.Hash) int { return bytes.Compare(a[:], b[:]) }) {
		if rank, can := c.spare(h); can && (victim == nil || rank < least) {
			victim, least = &h, rank
		}
	}
	if victim == nil || least == future(round) && round > c.round || least > future(round) {
		return false
	}
	for _, r := range c.sortedRounds() {
		if p := c.rounds[r].proposal; p != nil && p.signed.BlockHash == *victim {
			c.rounds[r].proposal = nil
		}
	}
	delete(c.blocks, *victim)
	return true
}

// future ranks a round above ours: the farther, the lower, and always above
// every past round.
func future(round uint64) uint64 { return 1<<63 - round }

// spare ranks a block by how much it is needed, the least first, and reports
// whether it may go at all.
func (c *Core) spare(h chain.Hash) (rank uint64, can bool) {
	b := c.blocks[h]
	if h == c.lockedHash || h == c.validHash || b.from == nil && b.block.Header.Round == c.round {
		return 0, false
	}
	for _, r := range c.sortedRounds() {
		rs := c.rounds[r]
		if rs.precommits.quorum(h) {
			return 0, false
		}
		if rs.proposal == nil || rs.proposal.signed.BlockHash != h {
			continue
		}
		switch {
		case r == c.round:
			return 0, false
		case r < c.round:
			rank = max(rank, 1+r)
		default:
			rank = max(rank, future(r))
		}
	}
	return rank, true
}

// dropProposal forgets the proposal of a round, and its block if nothing else
// refers to it.
func (c *Core) dropProposal(r *roundState) {
	h := r.proposal.signed.BlockHash
	r.proposal = nil
	if rank, can := c.spare(h); can && rank == 0 {
		delete(c.blocks, h)
	}
}

// valid reports whether a block applies to the state. When that is not known
// it asks, once.
func (c *Core) valid(h chain.Hash) (valid, known bool) {
	b := c.blocks[h]
	if b == nil {
		return false, false
	}
	if !b.executed {
		if !b.asked {
			b.asked = true
			c.emit(Execute{Block: b.block, Hash: h})
		}
		return false, false
	}
	return b.err == nil, true
}

// persistBlock makes a block durable, once.
func (c *Core) persistBlock(h chain.Hash) {
	b := c.blocks[h]
	if b.persisted {
		return
	}
	b.persisted = true
	c.emit(Persist{Record{Height: c.rules.Height, Proposal: b.from.Signed()}})
}
