package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

// backlog is how long a message waits for the line at most; a queue is bounded, and what does not fit is lost.
const backlog = 5000

var bandwidth = define("bandwidth", Network, "a node sends only so many bytes a second, and messages queue up",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		rate := scale(r, 8, 400) // bytes a millisecond
		busy := map[*sim.Node]float64{}
		w.OnSend(func(m *sim.Message) {
			if m.Copies == 0 {
				return
			}
			now := float64(w.Now())
			begins := max(now, busy[m.From])
			if begins-now > backlog {
				m.Copies = 0
				w.Fired(f)
				return
			}
			busy[m.From] = begins + float64(len(m.Payload)*m.Copies)/rate
			if wait := uint64(busy[m.From] - now); wait > 0 {
				m.Delay += wait
				w.Fired(f)
			}
		})
	})
