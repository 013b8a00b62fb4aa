package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var silent = define("silent", Byzantine, "a validator hears all and says nothing",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		attackers(f, w, r, func(a *attacker) {
			a.says(func(m *sim.Message) {
				m.Copies = 0
				a.struck()
			})
		})
	})
