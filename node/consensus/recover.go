package consensus

// takeUp continues an interrupted height. Nothing is released here: own
// votes were signed before the end, and count again as they did.
func (c *Core) takeUp(r *Recovery) {
	c.round = r.Round
	if r.LockedRound > int64(c.round) {
		c.round = uint64(r.LockedRound)
	}
	for _, v := range r.OwnVotes {
		c.round = max(c.round, v.signed.Vote.Round)
	}
	// The lock comes first: its block stays whatever else is taken up, and the
	// round of its proof is kept however long ago it was.
	if r.LockedRound >= 0 {
		c.lockedRound, c.lockedHash = r.LockedRound, r.LockedHash
	}
	for _, p := range r.Proposals {
		if p.signed.Height != c.rules.Height || !c.hold(p.signed.BlockHash, &p) {
			continue
		}
		c.blocks[p.signed.BlockHash].persisted = true
		if rs := c.at(p.signed.Round); rs.proposal == nil {
			rs.proposal, rs.proposer = &p, c.rules.Set.Winner(c.rules.Seed, c.rules.Height, p.signed.Round)
		}
	}
	for _, v := range r.Proof {
		c.onVote(v)
	}
	for _, v := range r.OwnVotes {
		c.onVote(v)
	}
	if c.lockedRound >= 0 && c.blocks[c.lockedHash] != nil {
		c.validRound, c.validHash = c.lockedRound, c.lockedHash
	}
}

// resume goes on where the interrupted run stood, once the silence is over. In
// a height that nobody has begun it leaves the node idle.
func (c *Core) resume() {
	r := c.rounds[c.round]
	switch {
	case r != nil && len(r.precommits.votes[c.me]) > 0:
		c.step = StepPrecommit
	case r != nil && len(r.prevotes.votes[c.me]) > 0:
		c.step = StepPrevote
	case c.round > 0 || (r != nil && r.proposal != nil):
		c.startRound(c.round)
	}
}
