package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/sim"
)

var catchupWrongState = define("catchup-wrong-state", Peers, "a peer brings final blocks whose state, transactions or other contents it has changed, their certificates unchanged",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		liars(f, w, r, func(a *sim.Fetch) bool {
			i := anyOf(r, a)
			if i < 0 {
				return false
			}
			block, err := chain.DecodeBlock(a.Blocks[i].Block, chain.MaxBlockBytes)
			if err != nil {
				return false // it has lied in another way
			}
			h := &block.Header
			switch r.IntN(7) {
			case 0:
				h.State[r.IntN(32)] ^= 1
			case 1:
				h.Results[r.IntN(32)] ^= 1
			case 2:
				h.Time++
			case 3:
				h.Parent[r.IntN(32)] ^= 1
			case 4:
				h.NextSet[r.IntN(32)] ^= 1
			case 5:
				block.Signature[r.IntN(32)] ^= 1
			default: // a body of its own, as the header says
				block.Txs = nil
				if len(a.Blocks[i].Block)%2 == 0 {
					h.TxRoot = chain.MerkleRoot(nil)
				} else {
					h.TxRoot[0] ^= 1
				}
			}
			a.Blocks[i].Block = chain.Encode(block)
			return true
		})
	})
