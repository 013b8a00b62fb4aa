package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

var catchupEndless = define("catchup-endless", Peers, "a peer claims heights far above everybody, and has never anything to show for it",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		lies := map[*sim.Node]bool{}
		for _, n := range liars(f, w, r, func(a *sim.Fetch) bool {
			a.Blocks, a.Err = nil, nil
			a.Lost = r.IntN(2) == 0
			return true
		}) {
			lies[n] = true
		}
		w.OnSendAlways(func(m *sim.Message) {
			if !lies[m.From] || m.Kind != replica.FrameState {
				return
			}
			s, err := chain.DecodeVoteState(m.Payload)
			if err != nil {
				return // it has lied in another way
			}
			if s.Height += 1 << r.IntN(50); r.IntN(10) == 0 {
				s.Height = ^uint64(0)
			}
			m.Payload = chain.Encode(s)
			w.Fired(f)
		})
	})
