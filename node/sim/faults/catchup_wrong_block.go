package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/catchup"
	"github.com/posnet/posnet/node/sim"
)

var catchupWrongBlock = define("catchup-wrong-block", Peers, "a peer brings another block in the place of one, or bytes that are no block",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		liars(f, w, r, func(a *sim.Fetch) bool {
			i := anyOf(r, a)
			if i < 0 {
				return false
			}
			b := &a.Blocks[i]
			switch r.IntN(5) {
			case 0:
				*b = catchup.Block{} // nothing
			case 1:
				b.Block = noise(r, len(b.Block))
			case 2:
				b.Block = b.Block[:r.IntN(len(b.Block))]
			case 3:
				b.Block[r.IntN(len(b.Block))] ^= 1 << r.IntN(8)
			default:
				other := a.Blocks[(i+1)%len(a.Blocks)]
				if len(a.Blocks) == 1 {
					other = catchup.Block{Block: append(b.Block, 0), Certificate: b.Certificate}
				}
				*b = other
			}
			return true
		})
	})
