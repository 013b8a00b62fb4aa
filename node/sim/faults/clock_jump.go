package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var clockJump = define("clock-jump", Clocks, "a clock jumps forwards or backwards by up to an hour, and back after a while",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		jumped := map[*sim.Node]bool{} // by this fault
		w.While(lasting(r, 500, 5000), func() uint64 {
			n := pick(r, w.Nodes())
			by := int64(lasting(r, 100, 3_600_000))
			if r.IntN(2) == 0 {
				by = -by
			}
			if n == nil || jumped[n] {
				return lasting(r, 100, 5000)
			}
			before := n.Skew
			if !n.Misset(by) {
				return lasting(r, 100, 5000)
			}
			jumped[n] = true
			w.Fired(f)
			w.After(lasting(r, 500, 30_000), func() {
				if jumped[n] = false; w.Faulty() {
					n.Skew = before
				}
			})
			return lasting(r, 100, 20_000)
		})
	})
