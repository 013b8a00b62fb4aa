package replica

import (
	"slices"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
)

// restVote is how many milliseconds a vote rests here before it is given to a peer whose vote state lacks it. Each vote goes
// to everybody when it is cast, so that what has just come here is, as a rule, on its way there too: without a rest everybody
// sends it to everybody again, which grows with the square of the number of validators. With delays of up to this the rest is
// long enough; with more of it, what is lost comes too late for its step. A proposal rests for a quarter of the timeout of its
// step, since it is large.
const restVote = 60

// patience is how much longer than usual a node waits before it gives a peer what that one lacks. On machines or links so slow
// that most comes to a node twice or more, what a vote state lacks is on its way, and sending it again makes all slower still: there
// the wait doubles. Where nearly all comes once it falls by a sixteenth. The idea is that of the adaptive timers of S. Floyd et al.,
// "A Reliable Multicast Framework for Light-weight Sessions and Application Level Framing", 1997. What is lost comes later by as
// much, but never by more than half of the timeout of its step in the round, which grows with each round that fails: what one honest
// validator has, all have before that timeout ends, from some round on, which is what the protocol's liveness rests on.
type patience struct {
	wait        uint64 // milliseconds
	once, twice int    // messages of validators since it was last looked at: new ones, and such as were here
}

const (
	// patienceSample is after how many messages the wait may change.
	patienceSample = 64
	// leastPatience is what it begins with, milliseconds, and mostPatience where it ends.
	leastPatience = 30
	mostPatience  = 1 << 14
)

// heard takes in a message, which was here already or was not.
func (p *patience) heard(known bool) {
	if known {
		p.twice++
	} else {
		p.once++
	}
	if p.once+p.twice < patienceSample {
		return
	}
	switch {
	case p.twice > p.once:
		p.wait = min(max(2*p.wait, leastPatience), mostPatience)
	case 4*p.twice < p.once:
		p.wait -= (p.wait + 15) / 16
	}
	p.once, p.twice = 0, 0
}

// forProposal is the wait in a round before a proposal is given away.
func (p *patience) forProposal(round uint64, params *chain.Params) uint64 {
	return p.below(params.ProposeTimeout + min(round, mostPatience)*params.ProposeTimeoutStep)
}

// forVote is the same for a vote. The shorter of the two steps of votes counts.
func (p *patience) forVote(round uint64, params *chain.Params) uint64 {
	round = min(round, mostPatience)
	return p.below(min(params.PrevoteTimeout+round*params.PrevoteTimeoutStep, params.PrecommitTimeout+round*params.PrecommitTimeoutStep))
}

func (p *patience) below(timeout uint64) uint64 { return min(p.wait, timeout/2) }

// maxNoted bounds the votes of a height whose first sight is noted: those of a few rounds of the largest set. The rest are
// given at once.
const maxNoted = 1 << 12

// voteOf names a vote of the height.
type voteOf struct {
	kind      chain.VoteKind
	round     uint64
	validator chain.Address
}

// noteVote notes when a vote of the height was first seen here.
func (r *Replica) noteVote(v *chain.SignedVote) {
	k := voteOf{v.Vote.Kind, v.Vote.Round, v.Validator}
	if _, known := r.voted[k]; !known && len(r.voted) < maxNoted {
		r.voted[k] = r.cfg.Ports.Now()
	}
}

// rested leaves of an answer what has been here long enough.
func (r *Replica) rested(e consensus.Send) consensus.Send {
	now, round := r.cfg.Ports.Now(), r.core.Round()
	wait := r.patience.forVote(round, &r.tip.params)
	if given, known := r.given[e.Peer]; known && now >= given && now < given+wait {
		return consensus.Send{Peer: e.Peer} // it cannot have told yet what came of that
	}
	if p := e.Proposal; p != nil {
		if seen, known := r.forged[p.BlockHash]; known && now >= seen && now < seen+r.tip.params.ProposeTimeout/4+r.patience.forProposal(round, &r.tip.params) {
			e.Proposal = nil
		} else if p.ValidRound >= 0 {
			return r.gives(e, now) // the prevotes that prove it belong to it
		}
	}
	e.Votes = slices.DeleteFunc(e.Votes, func(v chain.SignedVote) bool {
		seen, known := r.voted[voteOf{v.Vote.Kind, v.Vote.Round, v.Validator}]
		return known && now >= seen && now < seen+restVote+wait
	})
	return r.gives(e, now)
}

// gives notes when a peer is given something.
func (r *Replica) gives(e consensus.Send, now uint64) consensus.Send {
	if e.Proposal != nil || len(e.Votes) > 0 {
		if len(r.given) >= maxHeard {
			clear(r.given)
		}
		r.given[e.Peer] = now
	}
	return e
}
