package faults

import (
	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/stake"
)

var invalidVRF = spoiltHeader("vrf", "has no VRF proof, one of another height, of another key, of nothing, or one where none belongs", func(t *turn, h *chain.Header) {
	prove := func(key keys.PrivateKey, height uint64) []byte {
		p := keys.VRFProve(key, stake.VRFInput(t.genesis, t.view.Seed, height))
		return p[:]
	}
	if h.Round > 0 {
		h.VRFProof = prove(t.VRF, h.Height)
		return
	}
	switch t.r.IntN(5) {
	case 0:
		h.VRFProof = nil
	case 1:
		h.VRFProof = prove(t.VRF, h.Height+1)
	case 2:
		h.VRFProof = prove(t.Consensus, h.Height)
	case 3:
		h.VRFProof = h.VRFProof[:len(h.VRFProof)-1]
	default:
		for i := range h.VRFProof {
			h.VRFProof[i] = byte(t.r.IntN(256))
		}
	}
})
