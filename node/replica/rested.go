package replica

import (
	"maps"
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

// maxNoted bounds the votes of a height whose first sight is noted: those of a few rounds of the largest set. Those of rounds that are
// over go first; what then finds no room is given at once.
const maxNoted = 1 << 12

// sight is how a block of the height was seen.
type sight struct {
	first uint64 // when, milliseconds
	in    uint64 // the last round that it was proposed in
	since uint64 // when it was first seen in that round
	round uint64 // the round that it was made in
	txs   int
}

// sighted notes that a block is proposed in a round.
func (r *Replica) sighted(hash chain.Hash, b *chain.Block, in uint64) {
	now := r.cfg.Ports.Now()
	s, known := r.forged[hash]
	if !known {
		r.forgetBlocks()
		s = sight{first: now, in: in, since: now, round: b.Header.Round, txs: len(b.Txs)}
	} else if in > s.in {
		s.in, s.since = in, now
	}
	r.forged[hash] = s
}

// voteOf names a vote of the height.
type voteOf struct {
	kind      chain.VoteKind
	round     uint64
	validator chain.Address
}

// noteVote notes when a vote of the height that the core holds was first seen here.
func (r *Replica) noteVote(v *chain.SignedVote, now uint64) {
	k := voteOf{v.Vote.Kind, v.Vote.Round, v.Validator}
	if _, known := r.voted[k]; known {
		return
	}
	if len(r.voted) >= maxNoted {
		maps.DeleteFunc(r.voted, func(k voteOf, _ uint64) bool { return k.round < r.core.Round() })
	}
	if len(r.voted) < maxNoted {
		r.voted[k] = now
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
		if s, known := r.forged[p.BlockHash]; known && now >= s.since && now < s.since+r.tip.params.ProposeTimeout/4+r.patience.forProposal(round, &r.tip.params) {
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
