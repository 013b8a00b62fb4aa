package faults

import (
	"math/rand/v2"
	"slices"

	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

var garbageFrames = define("garbage-frames", Byzantine, "random bytes in frames of every kind, and real frames with some bytes changed, cut or doubled",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		attackers(f, w, r, func(a *attacker) {
			var real [][]byte
			a.hears(func(m *sim.Message) {
				if len(real) < 64 {
					real = append(real, m.Payload)
				} else {
					real[a.r.IntN(len(real))] = m.Payload
				}
			})
			a.sometimes(30, func(replica.View) {
				var payload []byte
				if len(real) > 0 && a.chance(0.8) {
					payload = a.damage(real[a.r.IntN(len(real))])
				} else {
					payload = make([]byte, a.r.IntN(300))
					for i := range payload {
						payload[i] = byte(a.r.IntN(256))
					}
				}
				a.tell(a.others(), byte(a.r.IntN(6)), payload)
				a.struck()
			})
		})
	})

// damage changes a few bytes of a frame.
func (a *attacker) damage(frame []byte) []byte {
	b := slices.Clone(frame)
	for range 1 + a.r.IntN(4) {
		if len(b) == 0 {
			break
		}
		at := a.r.IntN(len(b))
		switch a.r.IntN(4) {
		case 0:
			b[at] = byte(a.r.IntN(256))
		case 1:
			b[at] ^= 1 << a.r.IntN(8)
		case 2:
			b = b[:at]
		default:
			b = append(b, b[at:]...)
		}
	}
	return b
}
