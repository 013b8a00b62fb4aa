package replica

import "github.com/posnet/posnet/node/chain"

// patience is how much longer than usual a node waits before it gives a peer what that one lacks. On machines or links so slow
// that most comes to a node twice or more, what a vote state lacks is on its way, and sending it again makes all slower still: there
// the wait doubles. Where nearly all comes once it falls by a sixteenth. The idea is that of the adaptive timers of S. Floyd et al.,
// "A Reliable Multicast Framework for Light-weight Sessions and Application Level Framing", 1997.
//
// What is lost comes later by as much, and by as much again if its peer was given something just before. So the wait is at most half
// of what the timeout of its step is in round 0, or an eighth of what it is in this round, whichever is more: with rests, ticks and
// links it all is less than half of the timeout from some round on. What one honest validator has, all have in time then, which is
// what the protocol's liveness rests on (E. Buchman et al., "The latest gossip on BFT consensus", 2018, section 3.2: twice the delay).
type patience struct {
	wait        uint64                  // milliseconds
	once, twice int                     // messages of validators since it was last looked at: new ones, and such as were here
	by          map[chain.PublicKey]int // the same by the peer that sent them
}

const (
	// patienceSample is after how many messages the wait may change.
	patienceSample = 64
	// sampleShare is how many of them one peer may have a say in: too few for it to decide anything by itself.
	sampleShare = 22
	// leastPatience is what the wait begins with, milliseconds.
	leastPatience = 30
	// mostRounds is from which round on the bound of the wait grows no more.
	mostRounds = 1 << 14
)

// heard takes in a message of a validator, which was here already or was not. The wait does not grow beyond most, which is what
// counts now: it would have to fall from there first when the trouble is over.
func (p *patience) heard(from chain.PublicKey, known bool, most uint64) {
	if p.by == nil {
		p.by = map[chain.PublicKey]int{}
	}
	if p.by[from] == sampleShare {
		return
	}
	p.by[from]++
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
		p.wait = max(p.wait, min(max(2*p.wait, leastPatience), most))
	case 4*p.twice < p.once:
		p.wait -= (p.wait + 15) / 16
	}
	p.once, p.twice = 0, 0
	clear(p.by)
}

// forProposal is the wait in a round before a proposal is given away.
func (p *patience) forProposal(round uint64, params *chain.Params) uint64 {
	return min(p.wait, patienceFor(params.ProposeTimeout, params.ProposeTimeoutStep, round))
}

// forVote is the same for a vote. The shorter of the two steps of votes counts.
func (p *patience) forVote(round uint64, params *chain.Params) uint64 {
	return min(p.wait, patienceFor(params.PrevoteTimeout, params.PrevoteTimeoutStep, round),
		patienceFor(params.PrecommitTimeout, params.PrecommitTimeoutStep, round))
}

// patienceFor bounds the wait by the timeout of a step.
func patienceFor(base, step, round uint64) uint64 {
	return max(base/2, (base+min(round, mostRounds)*step)/8)
}
