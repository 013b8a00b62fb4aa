package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var catchupWrongHeight = define("catchup-wrong-height", Peers, "a peer brings blocks of other heights than a node that catches up has asked for",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		liars(f, w, r, func(a *sim.Fetch) bool {
			if len(a.Blocks) == 0 {
				return false
			}
			q := a.Request
			switch r.IntN(3) {
			case 0:
				q.From -= min(q.From-1, 1+r.Uint64N(4))
			case 1:
				q.From += 1 + r.Uint64N(4)
			default:
				q.From = 1
			}
			if q.From == a.Request.From {
				return false
			}
			a.Blocks, a.Err = a.By.Serve(q)
			return true
		})
	})
