package replica

import "github.com/posnet/posnet/node/chain"

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
