package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

var equivocatingReproposal = define("equivocating-reproposal", Byzantine, "a winner of a later round proposes earlier blocks again, another to each, with quorums that never were",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		unrest(w, r)
		attackers(f, w, r, func(a *attacker) {
			var seen []*chain.Block // of the height
			a.hears(func(m *sim.Message) {
				p := proposalIn(m)
				if p == nil {
					return
				}
				if len(seen) > 0 && seen[0].Header.Height != p.Height || len(seen) > 8 {
					seen = nil
				}
				seen = append(seen, p.block)
			})
			a.turns(func(v replica.View, round uint64) {
				mine := a.forge(v, a.plan(v, round))
				if mine == nil {
					return
				}
				if round == 0 || len(seen) == 0 || seen[0].Header.Height != v.Height+1 {
					one, _ := a.halves() // so that there is a later round
					a.propose(one, mine)
					return
				}
				for _, n := range a.others() {
					b := seen[a.r.IntN(len(seen))]
					switch valid := int64(sim.Between(a.r, 0, round-1)); {
					case a.chance(0.2):
						a.tell([]*sim.Node{n}, replica.FrameProposal, a.fresh(mine))
					case valid >= int64(b.Header.Round):
						a.tell([]*sim.Node{n}, replica.FrameProposal, a.again(b, round, valid))
						a.struck()
					}
				}
				a.tell(a.others(), replica.FrameVote, a.both(v.Height+1, round, seen[0].Header.Hash())...)
			})
		})
	})

// unrest loses the proposals of some rounds on the way to some nodes, while the faults last: so later rounds come to be,
// and locks with them, in which Byzantine validators have more to do.
func unrest(w *sim.World, r *rand.Rand) {
	p := 0.2 + 0.5*r.Float64()
	var height, round uint64
	deaf := map[*sim.Node]bool{}
	w.OnSend(func(m *sim.Message) {
		if m.Kind == replica.FrameState {
			return
		}
		of := proposalIn(m)
		if of != nil && (of.Height != height || of.Round != round) {
			height, round = of.Height, of.Round
			clear(deaf)
			if sim.Chance(r, p) {
				for _, n := range w.Nodes() {
					deaf[n] = r.IntN(3) > 0
				}
			}
		}
		if deaf[m.To] && (of != nil || r.IntN(3) == 0) {
			m.Copies = 0
		}
	})
}
