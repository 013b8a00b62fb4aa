package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var catchupFlipFlop = define("catchup-flip-flop", Peers, "a peer gains trust with good answers, and brings a bad one among them",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		asked := map[*sim.Node]int{}
		liars(f, w, r, func(a *sim.Fetch) bool {
			asked[a.By]++
			i := anyOf(r, a)
			if asked[a.By]%2 == 1 || i < 0 {
				return false
			}
			b := &a.Blocks[i]
			switch r.IntN(3) {
			case 0:
				b.Certificate = noise(r, len(b.Certificate))
			case 1:
				b.Block[r.IntN(len(b.Block))] ^= 1
			default:
				a.Blocks = a.Blocks[:i]
				a.Lost = r.IntN(2) == 0
			}
			return true
		})
	})
