package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

var lostBroadcastToSome = define("lost-broadcast-to-some", Network, "a proposal reaches some and not the others, a vote too",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		type sent struct {
			from *sim.Node
			kind byte
		}
		type broadcast struct {
			payload *byte // of the latest: all that are sent of it share it
			missed  map[*sim.Node]bool
		}
		struck, share := scale(r, 0.1, 1), 0.2+0.6*r.Float64()
		latest := map[sent]broadcast{}
		w.OnSend(func(m *sim.Message) {
			if m.Kind != replica.FrameProposal && m.Kind != replica.FrameVote || len(m.Payload) == 0 {
				return
			}
			key := sent{m.From, m.Kind}
			b := latest[key]
			if b.payload != &m.Payload[0] {
				b = broadcast{payload: &m.Payload[0]}
				if sim.Chance(r, struck) {
					b.missed = map[*sim.Node]bool{}
					for _, n := range w.Nodes() {
						b.missed[n] = sim.Chance(r, share)
					}
				}
				latest[key] = b
			}
			if b.missed[m.To] && m.Copies > 0 {
				m.Copies = 0
				w.Fired(f)
			}
		})
	})
