package faults

import (
	"math/rand/v2"
	"slices"

	"github.com/posnet/posnet/node/sim"
)

// The real transport authenticates what it carries, and closes a connection that was tampered with. What decodes and
// verifies must stand it all the same.
var messageCorruption = define("message-corruption", Network, "bits flip in messages, bytes are cut off and added",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		p := scale(r, 0.002, 0.2)
		w.OnSend(func(m *sim.Message) {
			if m.Copies == 0 || len(m.Payload) == 0 || !sim.Chance(r, p) {
				return
			}
			b := slices.Clone(m.Payload)
			switch r.IntN(8) {
			case 0:
				b = b[:r.IntN(len(b))]
			case 1:
				b = append(b, byte(r.Uint32()))
			case 2:
				m.Kind = byte(r.IntN(6))
			default:
				for range 1 + r.IntN(4) {
					b[r.IntN(len(b))] ^= 1 << r.IntN(8)
				}
			}
			m.Payload, m.Mangled = b, true
			w.Fired(f)
		})
	})
