package consensus

import (
	"fmt"

	"github.com/posnet/posnet/node/chain"
)

// mood is where a round of a trace tends to: which block its proposer brings, and
// what most prevote and precommit.
type mood struct {
	block              string
	prevote, precommit chain.Hash
	mixed              bool // everybody votes for something else
}

func pick[T any](tr *trace, from ...T) T { return from[tr.rng.IntN(len(from))] }

func (tr *trace) mood(round uint64) mood {
	m, ok := tr.moods[round]
	if ok {
		return m
	}
	m.block = pick(tr, "A", "A", "B", "C", "D", "E")
	if p := tr.model.proposals[round]; p.block != nil {
		m.block = tr.names[p.signed.BlockHash]
	}
	m.prevote = tr.hash(pick(tr, m.block, m.block, m.block, "nil", "nil"))
	m.precommit = tr.hash(pick(tr, m.block, "nil", "nil", "nil", "nil"))
	m.mixed = tr.rng.IntN(5) == 0
	tr.moods[round] = m
	return m
}

// other is a validator that is not this one.
func (tr *trace) other() int {
	i := tr.rng.IntN(tr.set.Len())
	for i == tr.self {
		i = tr.rng.IntN(tr.set.Len())
	}
	return i
}

func (tr *trace) others(kind chain.VoteKind, round uint64, hash chain.Hash) []Event {
	var out []Event
	for i := range tr.set.Len() {
		if i != tr.self {
			out = append(out, VoteReceived{tr.vote(kind, i, round, hash)})
		}
	}
	return out
}

// draw is what the outside brings next.
func (tr *trace) draw() []Event {
	round := tr.core.Round()
	m := tr.mood(round)
	if tr.model.silent && tr.rng.IntN(100) == 0 { // while it says nothing, the others go on, and decide
		ahead := round + 1 + tr.rng.Uint64N(2)
		return append(tr.others(chain.Precommit, ahead, tr.hash(m.block)), tr.proposed(m.block, ahead, -1))
	}
	if len(tr.builds) > 0 && tr.rng.IntN(4) == 0 {
		return tr.answerBuild()
	}
	switch tr.rng.IntN(24) {
	case 0, 1, 2:
		return []Event{tr.anything()}
	case 3, 4, 5:
		return []Event{tr.proposed(m.block, round, tr.validRound(m, round))}
	case 6:
		return tr.others(chain.Prevote, round, m.prevote)
	case 7, 8, 9, 10:
		return []Event{VoteReceived{tr.vote(chain.Prevote, tr.other(), round, tr.choice(m.prevote, m))}}
	case 11, 12, 13:
		return []Event{VoteReceived{tr.vote(chain.Precommit, tr.other(), round, tr.choice(m.precommit, m))}}
	case 14, 15:
		step := max(tr.core.StepName(), StepPropose)
		return []Event{TimedOut{Timer{Height: tr.height, Round: round, Step: pick(tr, step, step, StepPrecommit)}}}
	case 16:
		return []Event{Work{Height: tr.height}}
	case 17:
		return tr.answerBuild()
	case 18:
		return tr.again(round)
	case 19, 20:
		return []Event{tr.peerState()}
	case 21:
		return tr.outOfPlace(round)
	case 22: // a third is a round ahead
		ahead := round + 1 + tr.rng.Uint64N(2)
		return []Event{VoteReceived{tr.vote(pick(tr, chain.Prevote, chain.Precommit), tr.other(), ahead, chain.Hash{})}}
	default: // late votes of an earlier round
		past := tr.rng.Uint64N(round + 1)
		p, ok := tr.model.proposals[past]
		if !ok {
			return nil
		}
		return []Event{VoteReceived{tr.vote(pick(tr, chain.Prevote, chain.Prevote, chain.Precommit), tr.other(), past, p.signed.BlockHash)}}
	}
}

func (tr *trace) choice(most chain.Hash, m mood) chain.Hash {
	if m.mixed || tr.rng.IntN(8) == 0 {
		return tr.hash(pick(tr, "A", "B", "C", "D", "nil", "nil"))
	}
	return most
}

// proposed is a proposal that comes in time, or too late, or too early.
func (tr *trace) proposed(name string, round uint64, validRound int64) Event {
	p := tr.proposal(name, round, validRound)
	window := tr.params.ClockDrift * (1 + round)
	switch tr.rng.IntN(8) {
	case 0:
		p.received += window + tr.rng.Uint64N(2)
	case 1:
		p.received -= min(p.received, window+tr.rng.Uint64N(2))
	}
	return ProposalReceived{p}
}

// validRound is -1 mostly; else a round in which the block may have been prevoted.
func (tr *trace) validRound(m mood, round uint64) int64 {
	if round == 0 || tr.rng.IntN(3) > 0 {
		return -1
	}
	if v := tr.core.validRound; v >= 0 && v < int64(round) && tr.core.validHash == tr.hash(m.block) {
		return v
	}
	return tr.rng.Int64N(int64(round))
}

// again brings a block of an earlier round once more, often with its prevotes:
// after a lock, before it, or without any.
func (tr *trace) again(round uint64) []Event {
	if round == 0 {
		return nil
	}
	vr := tr.rng.Uint64N(round)
	name := pick(tr, "A", "B", "C", "D")
	if v := tr.model.valid; !v.IsZero() && tr.rng.IntN(2) == 0 {
		name, vr = tr.names[v], min(round-1, uint64(tr.model.validRound))
	}
	events := []Event{tr.proposed(name, round, int64(vr))}
	if tr.rng.IntN(4) > 0 {
		events = append(tr.others(chain.Prevote, vr, tr.hash(name)), events...)
	}
	return events
}

func (tr *trace) answerBuild() []Event {
	if len(tr.builds) == 0 {
		return nil
	}
	b := tr.builds[0]
	if tr.rng.IntN(3) > 0 {
		tr.builds = tr.builds[1:] // else the driver answers twice, perhaps with another block
	}
	name := fmt.Sprint(pick(tr, "O", "P"), b.Round)
	if tr.blocks[name] == nil {
		if tr.own == 3 {
			return nil // with those of others no more than a core holds
		}
		tr.own++
	}
	return []Event{Built{Height: b.Height, Round: b.Round, Block: tr.block(name, b.Round)}}
}

// peerState says that a validator listens; sometimes that it has votes of ours.
func (tr *trace) peerState() Event {
	e := PeerState{Peer: "p", Validator: tr.rng.IntN(tr.set.Len()+1) - 1, State: chain.VoteState{Height: tr.height, Round: tr.core.Round()}}
	if tr.rng.IntN(10) == 0 {
		e.State.Height += tr.rng.Uint64N(3) - 1
	}
	if tr.rng.IntN(4) == 0 && tr.self >= 0 {
		bits := []byte{1 << tr.self}
		r := chain.RoundState{Round: tr.core.Round() + tr.rng.Uint64N(3)}
		r.Round -= min(r.Round, 1)
		if tr.rng.IntN(2) == 0 {
			r.Prevotes = bits
		} else {
			r.Precommits = bits
		}
		e.State.Rounds = []chain.RoundState{r}
	}
	return e
}

// outOfPlace is something of another height or round.
func (tr *trace) outOfPlace(round uint64) []Event {
	v := tr.vote(chain.Precommit, tr.other(), round, tr.hash("A"))
	v.signed.Vote.Height++
	p := tr.proposal("A", round, -1)
	p.signed.Height++
	step := pick(tr, StepPropose, StepPrevote, StepPrecommit)
	return []Event{pick[Event](tr, VoteReceived{v}, ProposalReceived{p}, Work{Height: tr.height + 1},
		Executed{Height: tr.height + 1, Hash: tr.hash("A")},
		TimedOut{Timer{Height: tr.height, Round: round + 1, Step: step}}, TimedOut{Timer{Height: tr.height + 1, Round: round, Step: step}})}
}

// anything is whatever a faulty validator can sign, within two rounds of ours.
func (tr *trace) anything() Event {
	at := tr.core.Round() + 2
	at -= min(at, tr.rng.Uint64N(5))
	if tr.rng.IntN(4) == 0 {
		vr := int64(-1)
		if at > 0 {
			vr = tr.rng.Int64N(int64(at)+1) - 1
		}
		return tr.proposed(pick(tr, traceBlocks...), at, vr)
	}
	hash := tr.hash(pick(tr, "A", "A", "A", "nil", "nil", "B", "C", "D"))
	return VoteReceived{tr.vote(pick(tr, chain.Prevote, chain.Precommit), tr.other(), at, hash)}
}
