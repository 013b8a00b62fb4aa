package faults

import (
	"bytes"
	"math/rand/v2"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

var oversizedFrames = define("oversized-frames", Byzantine, "frames of the largest size and above, of lists that claim more than they bring, nested as deep as they go",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		caps := map[byte]int{replica.FrameProposal: chain.MaxProposalBytes, replica.FrameVote: 1024, replica.FrameState: chain.MaxVoteStateBytes, replica.FrameEvidence: chain.MaxEvidenceBytes}
		attackers(f, w, r, func(a *attacker) {
			a.sometimes(200, func(replica.View) {
				kind := byte(1 + a.r.IntN(4))
				size := min(caps[kind], 64<<10) // of the largest, one is enough
				if a.chance(0.02) {
					size = caps[kind]
				}
				size += a.r.IntN(2)
				var payload []byte
				switch a.r.IntN(4) {
				case 0:
					payload = bytes.Repeat([]byte{0x81}, size) // a list of a list of a list
				case 1:
					payload = append([]byte{0x9a, 0x00, 0xff, 0xff, 0xff}, make([]byte, size-5)...)
				case 2:
					payload = append([]byte{0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, make([]byte, size-9)...)
				default:
					payload = append([]byte{0x85}, bytes.Repeat([]byte{0xf6}, size-1)...)
				}
				a.tell(a.others(), kind, payload)
				a.struck()
			})
		})
	})
