package faults

import (
	"bytes"
	"math"
	"math/rand/v2"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

var lyingVoteState = define("lying-vote-state", Byzantine, "a node says that it has everything, nothing, or more than there is",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		attackers(f, w, r, func(a *attacker) {
			a.says(func(m *sim.Message) {
				if m.Kind == replica.FrameState {
					m.Copies = 0 // its words are those below
				}
			})
			a.sometimes(100, func(v replica.View) {
				for _, n := range a.others() {
					s := a.lie(v)
					a.tell([]*sim.Node{n}, replica.FrameState, chain.Encode(&s))
					a.struck()
				}
			})
		})
	})

func (a *attacker) lie(v replica.View) chain.VoteState {
	s := chain.VoteState{Height: v.Height + 1, Round: v.Round}
	all := bytes.Repeat([]byte{0xff}, (v.Set.Len()+7)/8)
	switch a.r.IntN(8) {
	case 0: // nothing, in a height long gone
		s.Height = 1
	case 1:
		s.Height += 1 + a.r.Uint64N(1000)
	case 2:
		s.Height = math.MaxUint64
	case 3:
		s.Height = 0 // which is no height
	case 4:
		s.Round = chain.MaxRound
	case 5: // bitmaps of a set that is not
		s.Rounds = []chain.RoundState{{Round: v.Round, Prevotes: bytes.Repeat([]byte{0xff}, 2000), Precommits: bytes.Repeat([]byte{0xff}, 2000)}}
	default: // everything, the votes of whoever hears it among them
		for i := range uint64(chain.MaxStateRounds) {
			s.Rounds = append(s.Rounds, chain.RoundState{Round: v.Round + i, Proposal: true, Prevotes: all, Precommits: all})
		}
	}
	return s
}
