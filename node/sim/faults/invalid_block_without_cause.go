package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

var invalidWithoutCause = define("invalid-block-without-cause", Byzantine, "a forger makes empty blocks though nothing asks for one",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		attackers(f, w, r, func(a *attacker) {
			a.gag()
			done := uint64(0)
			a.sometimes(20, func(v replica.View) { // it does not wait for work
				h := v.Height + 1
				if h == done || v.Round > 0 || h == 1 || !a.wins(v, 0) {
					return
				}
				done = h
				if b := a.forge(v, body{time: max(a.world.Now(), v.Time+1)}); b != nil {
					a.propose(a.others(), b)
					a.struck()
				}
			})
		})
	})
