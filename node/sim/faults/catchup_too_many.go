package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/catchup"
	"github.com/posnet/posnet/node/sim"
)

var catchupTooMany = define("catchup-too-many", Peers, "a peer brings more blocks than it was asked for, or more bytes than an answer may have",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		large := make([]byte, catchup.MaxAnswerBytes+1)
		liars(f, w, r, func(a *sim.Fetch) bool {
			if len(a.Blocks) == 0 {
				return false
			}
			if r.IntN(4) == 0 {
				a.Blocks[len(a.Blocks)-1].Certificate = large
				return true
			}
			for last := a.Blocks[len(a.Blocks)-1]; len(a.Blocks) <= a.Request.Count; {
				a.Blocks = append(a.Blocks, last)
			}
			return true
		})
	})
