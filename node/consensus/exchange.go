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
	all := c.sortedRounds()
	if len(all) > chain.MaxStateRounds {
		all = all[len(all)-chain.MaxStateRounds:]
		// The proof of the valid value is needed however old it is.
		if c.validRound >= 0 && uint64(c.validRound) < all[0] {
			all[0] = uint64(c.validRound)
		}
	}
	for _, r := range all {
		rs := c.rounds[r]
		s.Rounds = append(s.Rounds, chain.RoundState{
			Round: r, Proposal: rs.proposal != nil,
			Prevotes: rs.prevotes.bitmap(), Precommits: rs.precommits.bitmap(),
		})
	}
	return s
}

// onPeerState gives a peer what it lacks and, after a start, counts whom we
// have heard.
func (c *Core) onPeerState(e PeerState) {
	if e.State.Height == c.rules.Height {
		c.answer(e)
	}
	if c.mayVote || e.Validator < 0 || e.Validator >= len(c.heard) || e.State.Height > c.rules.Height {
		return
	}
	// A peer that claims a vote of ours which we do not have is heard only
	// when that vote has come, or the claim is gone: it may prove that another
	// process signs with our key, or may be a lie.
	if e.State.Height == c.rules.Height && c.claimsUnknownOwn(&e.State) {
		return
	}
	c.heard[e.Validator] = true
	c.checkSilence()
}

// checkSilence ends the silence when more than two thirds have been heard.
func (c *Core) checkSilence() {
	if c.mayVote {
		return
	}
	sum := uint64(0)
	for i := range c.heard {
		if c.heard[i] || i == c.me {
			sum += c.rules.Set.At(i).Stake
		}
	}
	if c.me >= 0 && !c.rules.Set.Quorum(sum) {
		return
	}
	c.mayVote = true // a node without a vote has nothing to contradict
	c.resume()
}

func (c *Core) claimsUnknownOwn(s *chain.VoteState) bool {
	if c.me < 0 {
		return false
	}
	has := func(bits []byte) bool { return c.me/8 < len(bits) && bits[c.me/8]&(1<<(c.me%8)) != 0 }
	for _, r := range s.Rounds {
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

// answer sends a peer at our height the votes and the proposal it lacks: of its
// round, of higher ones, of our valid round, and whatever has a quorum.
func (c *Core) answer(e PeerState) {
	theirs := map[uint64]chain.RoundState{}
	for _, r := range e.State.Rounds {
		theirs[r.Round] = r
	}
	out := Send{Peer: e.Peer}
	for _, r := range slices.Backward(c.sortedRounds()) {
		rs := c.rounds[r]
		_, final := rs.precommits.decided()
		if r < e.State.Round && int64(r) != c.validRound && !final {
			continue
		}
		their := theirs[r]
		if out.Proposal == nil && rs.proposal != nil && !their.Proposal {
			out.Proposal = rs.proposal.Signed()
		}
		out.Votes = missing(out.Votes, rs.prevotes, their.Prevotes)
		out.Votes = missing(out.Votes, rs.precommits, their.Precommits)
	}
	if out.Proposal != nil || len(out.Votes) > 0 {
		c.emit(out)
	}
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

func (c *Core) onForeignSelf(e ForeignSelf) {
	c.halt("DoubleIdentity", fmt.Sprintf(
		"a %s of height %d round %d is signed with this validator's key, but not by this process: stop the other one, and start this one only with the sign-state of the newer", e.Kind, e.Height, e.Round))
}
