package consensus

import (
	"slices"

	"github.com/posnet/posnet/node/chain"
)

// follow applies rules until none fires.
func (n *naive) follow() {
	for n.step != "decided" && (n.decide() || n.skip() || n.wake() || n.vote1() || n.vote2() || n.timers()) {
		continue
	}
}

// decide is lines 49 to 54.
func (n *naive) decide() bool {
	for _, r := range n.rounds() {
		h, chosen := n.chosen(r)
		ok, known := n.results[h]
		if !chosen || !n.held[h] || !known {
			continue
		}
		if !ok {
			if !n.halted {
				n.lines.hit("two thirds precommit what does not execute here")
				n.say("HALT: StateDiverged")
			}
			n.halted = true
			continue
		}
		switch {
		case r == n.round:
			n.lines.hit("51 decide in the current round")
		case r < n.round:
			n.lines.hit("51 decide in an earlier round")
		default:
			n.lines.hit("51 decide in a later round")
		}
		n.step = "decided"
		n.say("DECIDE %s in round %d", n.w.names[h], r)
		return true
	}
	return false
}

// chosen is the block with more than two thirds of the precommits of a round.
func (n *naive) chosen(r uint64) (chain.Hash, bool) {
	for i := range n.w.set.Len() {
		for _, v := range n.votes {
			s := v.signed.Vote
			if v.index == i && s.Round == r && s.Kind == chain.Precommit && !s.BlockHash.IsZero() && n.twoThirds(chain.Precommit, r, &s.BlockHash) {
				return s.BlockHash, true
			}
		}
	}
	return chain.Hash{}, false
}

// skip is lines 55 and 56.
func (n *naive) skip() bool {
	if n.silent {
		return false
	}
	for _, r := range slices.Backward(n.rounds()) {
		if r > n.round && 3*n.stakeOf(func(v chain.Vote) bool { return v.Round == r }) > n.w.set.Total() {
			n.lines.hit("56 skip to a higher round")
			n.startRound(r)
			return true
		}
	}
	return false
}

// wake starts an idle height.
func (n *naive) wake() bool {
	if n.step != "idle" || n.silent {
		return false
	}
	switch {
	case n.work:
		n.lines.hit("wake for own work")
	case len(n.proposals) > 0:
		n.lines.hit("wake for a proposal")
	case 3*n.stakeOf(func(chain.Vote) bool { return true }) > n.w.set.Total():
		n.lines.hit("wake for the votes of a third")
	default:
		return false
	}
	n.startRound(0)
	return true
}

// vote1 is lines 22 to 33.
func (n *naive) vote1() bool {
	p, proposed := n.proposals[n.round]
	hash, vr := p.signed.BlockHash, p.signed.ValidRound
	ok, known := n.results[hash]
	if !proposed || n.step != "propose" || !known {
		return false
	}
	accept := false
	if vr < 0 { // lines 22 to 27
		t, at := p.block.Header.Time, p.received
		window := n.w.params.ClockDrift * (1 + n.round)
		timely := t > parentTime && (t >= at && t-at <= window || at >= t && at-t <= window)
		free := n.lockedRound == -1 || n.locked == hash
		accept = ok && timely && free
		switch {
		case accept && n.lockedRound >= 0:
			n.lines.hit("24 prevote a fresh block that it is locked on")
		case accept:
			n.lines.hit("24 prevote a fresh block")
		case !ok:
			n.lines.hit("26 prevote nil on a fresh block: invalid")
		case !free:
			n.lines.hit("26 prevote nil on a fresh block: locked on another")
		default:
			n.lines.hit("26 prevote nil on a fresh block: untimely")
		}
	} else { // lines 28 to 33
		if !n.twoThirds(chain.Prevote, uint64(vr), &hash) {
			n.lines.hit("28 wait for the prevotes of a re-proposal")
			return false
		}
		same, older := n.locked == hash && n.lockedRound >= 0, n.lockedRound <= vr
		accept = ok && (older || same)
		switch {
		case accept && same:
			n.lines.hit("30 prevote again what it is locked on")
		case accept && n.lockedRound >= 0:
			n.lines.hit("30 prevote another block than it is locked on: unlocked by later prevotes")
		case accept:
			n.lines.hit("30 prevote a re-proposal without a lock")
		case !ok:
			n.lines.hit("32 prevote nil on a re-proposal: invalid")
		default:
			n.lines.hit("32 prevote nil on a re-proposal: locked later on another")
		}
	}
	if !accept {
		hash = chain.Hash{}
	}
	n.vote(chain.Prevote, hash)
	n.step = "prevote"
	return true
}

// vote2 is lines 36 to 46.
func (n *naive) vote2() bool {
	if n.step == "propose" || n.step == "idle" {
		return false
	}
	p, proposed := n.proposals[n.round]
	hash := p.signed.BlockHash
	if proposed && n.results[hash] && n.twoThirds(chain.Prevote, n.round, &hash) && n.first("polka") {
		if n.step == "prevote" {
			switch {
			case n.lockedRound < 0:
				n.lines.hit("38 lock")
			case n.locked == hash:
				n.lines.hit("38 lock the same in a later round")
			default:
				n.lines.hit("38 lock another block in a later round")
			}
			n.locked, n.lockedRound = hash, int64(n.round)
			n.vote(chain.Precommit, hash)
			n.step = "precommit"
		} else {
			n.lines.hit("42 a valid value without a lock")
		}
		n.valid, n.validRound = hash, int64(n.round)
		return true
	}
	if n.step == "prevote" && n.twoThirds(chain.Prevote, n.round, &chain.Hash{}) {
		n.lines.hit("45 precommit nil")
		n.vote(chain.Precommit, chain.Hash{})
		n.step = "precommit"
		return true
	}
	return false
}

// timers is lines 34, 35, 47 and 48.
func (n *naive) timers() bool {
	if n.step == "prevote" && n.twoThirds(chain.Prevote, n.round, nil) && n.first("prevote timer") {
		n.lines.hit("35 prevote timer")
		n.timer("prevote", n.w.params.PrevoteTimeout, n.w.params.PrevoteTimeoutStep)
		return true
	}
	if n.step != "idle" && n.twoThirds(chain.Precommit, n.round, nil) && n.first("precommit timer") {
		n.lines.hit("48 precommit timer")
		n.timer("precommit", n.w.params.PrecommitTimeout, n.w.params.PrecommitTimeoutStep)
		return true
	}
	return false
}
