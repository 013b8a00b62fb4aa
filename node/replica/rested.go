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
