package faults

import (
	"errors"
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var catchupHalf = define("catchup-half", Peers, "a peer brings the first blocks of an answer, and then the connection breaks",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		liars(f, w, r, func(a *sim.Fetch) bool {
			a.Blocks = a.Blocks[:r.IntN(len(a.Blocks)+1)]
			a.Err = errors.New("stream reset")
			return true
		})
	})
