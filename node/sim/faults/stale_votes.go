package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

var staleVotes = define("stale-votes", Byzantine, "old votes and proposals of everybody, of earlier heights and rounds, come again and again",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		attackers(f, w, r, func(a *attacker) {
			const most = 512
			type old struct {
				kind    byte
				payload []byte
			}
			var heard []old
			a.hears(func(m *sim.Message) {
				if m.Kind != replica.FrameVote && m.Kind != replica.FrameProposal {
					return
				}
				if o := (old{m.Kind, m.Payload}); len(heard) < most {
					heard = append(heard, o)
				} else {
					heard[a.r.IntN(most)] = o
				}
			})
			a.sometimes(50, func(replica.View) {
				for range min(len(heard), 4) {
					o := heard[a.r.IntN(len(heard))]
					a.tell(a.others(), o.kind, o.payload)
					a.struck()
				}
			})
		})
	})
