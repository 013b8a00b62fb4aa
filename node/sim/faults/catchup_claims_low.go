package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

var catchupClaimsLow = define("catchup-claims-low", Peers, "a peer says that it has decided nothing, so that nobody asks it and all send it what it has",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		lies := map[*sim.Node]bool{}
		for _, n := range w.CorruptSome(r) {
			lies[n] = true
		}
		fallBehind(w, r)
		w.OnSendAlways(func(m *sim.Message) {
			if lies[m.From] && m.Kind == replica.FrameState {
				m.Payload = chain.Encode(&chain.VoteState{Height: r.Uint64N(2)})
				w.Fired(f)
			}
		})
	})
