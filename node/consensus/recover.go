package consensus

// takeUp continues an interrupted height. Nothing is released here: own
// votes were signed before the end, and count again as they did.
func (c *Core) takeUp(r *Recovery) {
	for _, p := range r.Proposals {
		if p.signed.Height != c.rules.Height || !c.hold(p.signed.BlockHash, p.block) {
			continue
		}
		c.blocks[p.signed.BlockHash].persisted = true
		if rs := c.at(p.signed.Round); rs.proposal == nil {
			rs.proposal = &p
		}
	}
	c.round = r.Round
	for _, v := range r.Proof {
		c.onVote(v)
	}
	for _, v := range r.OwnVotes {
		c.onVote(v)
	}
	if r.LockedRound >= 0 {
		c.lockedRound, c.lockedHash = r.LockedRound, r.LockedHash
		if c.blocks[r.LockedHash] != nil {
			c.validRound, c.validHash = r.LockedRound, r.LockedHash
		}
	}
}

// resume goes on where the interrupted run stood, once the silence is over. In
// a height that nobody has begun it leaves the node idle.
func (c *Core) resume() {
	if c.me < 0 {
		return
	}
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
