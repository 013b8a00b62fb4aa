package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

var futureTimeForger = define("future-time-forger", Byzantine, "a forger's blocks are as far ahead of the clock as voters bear, so that honest forgers come too late",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		attackers(f, w, r, func(a *attacker) {
			a.turns(func(v replica.View, round uint64) {
				d := a.plan(v, round)
				d.time = max(d.time, a.world.Now()+v.Params.ClockDrift*(1+round)-a.r.Uint64N(20))
				if b := a.forge(v, d); b != nil {
					a.propose(a.others(), b)
					a.struck()
				}
			})
		})
	})
