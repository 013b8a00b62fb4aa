package consensus

import (
	"fmt"
	"slices"

	"github.com/posnet/posnet/node/chain"
)

// maxVotesSent caps the votes given to a peer at once; it asks again.
const maxVotesSent = 512

// State is what this node tells its peers of the height: see [chain.VoteState].
func (c *Core) State() chain.VoteState {
	s := chain.VoteState{Height: c.rules.Height, Round: c.round}
	for _, r := range c.toldRounds() {
		rs := c.rounds[r]
		s.Rounds = append(s.Rounds, chain.RoundState{
			Round: r, Proposal: rs.proposal != nil && !c.lacksChosen(rs),
			Prevotes: rs.prevotes.bitmap(), Precommits: rs.precommits.bitmap(),
		})
	}
	return s
}

// toldRounds are the rounds a vote state speaks of: the current one and that of
// the valid value always, since on those the height depends, and the newest.
func (c *Core) toldRounds() []uint64 {
	all := c.sortedRounds()
	drop := len(all) - chain.MaxStateRounds
	return slices.DeleteFunc(all, func(r uint64) bool {
		if drop <= 0 || r == c.round || int64(r) == c.validRound {
			return false
		}
		drop--
		return true
	})
}

// lacksChosen reports whether a quorum of a round voted for a block that this
// node does not hold: its forger gave others another one.
func (c *Core) lacksChosen(r *roundState) bool {
	for _, t := range []*tally{r.prevotes, r.precommits} {
		if h, ok := t.chosen(); ok && (c.blocks[h] == nil || c.blocks[h].from == nil) {
			return true
		}
	}
	return false
}

// onPeerState gives a peer what it lacks and, after a start, counts whom we
// have heard.
func (c *Core) onPeerState(e PeerState) {
	if e.State.Height == c.rules.Height {
		c.answer(e)
	}
	if c.mayVote || e.Validator < 0 || e.Validator >= c.rules.Set.Len() || e.State.Height > c.rules.Height {
		return
	}
	// A peer that claims a vote of ours which we do not have is heard only
	// when that vote has come, or the claim is gone: it may prove that another
	// process signs with our key, or may be a lie.
	if e.State.Height == c.rules.Height && c.claimsUnknownOwn(&e.State) {
		return
	}
	c.heard[c.rules.Set.At(e.Validator).Address] = true
	c.checkSilence()
}

// silent reports whether this node is a validator that must not speak yet.
func (c *Core) silent() bool { return c.me >= 0 && !c.mayVote }

// checkSilence ends the silence when more than two thirds of the set of this
// height have been heard since the start, in whichever height: a chain in full
// run changes height faster than vote states go round. A node that is not a
// validator is not silent, and has to listen all the same before it becomes one.
func (c *Core) checkSilence() {
	if c.mayVote || c.me < 0 {
		return
	}
	sum := uint64(0)
	for i := range c.rules.Set.Len() {
		if v := c.rules.Set.At(i); i == c.me || c.heard[v.Address] {
			sum += v.Stake
		}
	}
	if c.rules.Set.Quorum(sum) {
		c.mayVote = true
		c.resume()
	}
}

// claimsUnknownOwn looks for votes of ours in the rounds we have signed last in
// or may still sign in. Those of earlier rounds prove nothing: nothing more is
// signed there.
func (c *Core) claimsUnknownOwn(s *chain.VoteState) bool {
	if c.me < 0 {
		return false
	}
	has := func(bits []byte) bool { return c.me/8 < len(bits) && bits[c.me/8]&(1<<(c.me%8)) != 0 }
	for _, r := range s.Rounds {
		if r.Round < c.round {
			continue
		}
		mine := c.rounds[r.Round]
		if has(r.Prevotes) && (mine == nil || len(mine.prevotes.votes[c.me]) == 0) {
			return true
		}
		if has(r.Precommits) && (mine == nil || len(mine.precommits.votes[c.me]) == 0) {
			return true
		}
	}
	return false
}

// answer sends a peer at our height the votes and one proposal it lacks, the
// most useful first: what is final, what it and we are voting on, the rounds
// that prove a valid value, then every later round.
func (c *Core) answer(e PeerState) {
	theirs := map[uint64]chain.RoundState{}
	for _, r := range e.State.Rounds {
		theirs[r.Round] = r
	}
	out := Send{Peer: e.Peer}
	for _, r := range c.usefulRounds(e.State.Round) {
		rs, their := c.rounds[r], theirs[r]
		if out.Proposal == nil && rs.proposal != nil && !their.Proposal {
			out.Proposal = rs.proposal.Signed()
		}
		out.Votes = missing(out.Votes, rs.prevotes, their.Prevotes)
		out.Votes = missing(out.Votes, rs.precommits, their.Precommits)
	}
	c.prove(&out)
	if out.Proposal != nil || len(out.Votes) > 0 {
		c.emit(out)
	}
}

// prove puts the prevotes beside a re-proposal that make it acceptable, whatever
// the peer says it has: of a validator that voted twice it may have the other.
func (c *Core) prove(out *Send) {
	p := out.Proposal
	if p == nil || p.ValidRound < 0 || c.rounds[uint64(p.ValidRound)] == nil {
		return
	}
	for _, v := range c.rounds[uint64(p.ValidRound)].prevotes.of(p.BlockHash) {
		if !slices.Contains(out.Votes, v) {
			out.Votes = append(out.Votes, v)
		}
	}
}

// usefulRounds are the rounds a peer in round at can use, the most useful first.
func (c *Core) usefulRounds(at uint64) []uint64 {
	all := c.sortedRounds()
	proof := map[int64]bool{c.validRound: true}
	for _, r := range all {
		if p := c.rounds[r].proposal; p != nil && r >= at {
			proof[p.signed.ValidRound] = true
		}
	}
	rank := func(r uint64) int {
		_, final := c.rounds[r].precommits.chosen()
		switch {
		case final:
			return 0
		case r == at:
			return 1
		case r == c.round && r > at:
			return 2
		case proof[int64(r)]:
			return 3
		case r > at:
			return 4
		}
		return -1
	}
	var out []uint64
	for want := range 5 {
		for _, r := range slices.Backward(all) {
			if rank(r) == want {
				out = append(out, r)
			}
		}
	}
	return out
}

func missing(out []chain.SignedVote, t *tally, have []byte) []chain.SignedVote {
	for i, held := range t.votes {
		if i/8 < len(have) && have[i/8]&(1<<(i%8)) != 0 {
			continue
		}
		for _, v := range held {
			if len(out) == maxVotesSent {
				return out
			}
			out = append(out, v.signed)
		}
	}
	return out
}

// Has reports whether a vote is counted already: to verify it again is useless.
func (c *Core) Has(v *chain.SignedVote) bool {
	r := c.rounds[v.Vote.Round]
	i, ok := -1, false
	if r != nil && v.Vote.Height == c.rules.Height {
		i, ok = c.rules.Set.Index(v.Validator)
	}
	return ok && slices.ContainsFunc(r.votes(v.Vote.Kind).votes[i], func(held Vote) bool { return held.signed == *v })
}

// HasProposal reports whether a proposal is held already. Its block may be new.
func (c *Core) HasProposal(p *chain.SignedProposal) bool {
	r := c.rounds[p.Round]
	return r != nil && p.Height == c.rules.Height && r.proposal != nil &&
		r.proposal.signed.BlockHash == p.BlockHash && r.proposal.signed.ValidRound == p.ValidRound && r.proposal.signed.Signature == p.Signature
}

func (c *Core) onForeignSelf(e ForeignSelf) {
	what := "proposal"
	if e.Kind != 0 {
		what = e.Kind.String()
	}
	c.halt("DoubleIdentity", fmt.Sprintf(
		"a %s of height %d round %d is signed with this validator's key, but not by this process: stop the other one, and start this one only with the sign-state of the newer", what, e.Height, e.Round))
}
