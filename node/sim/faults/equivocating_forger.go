package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

var equivocatingForger = define("equivocating-forger", Byzantine, "a forger gives two valid blocks to two parts of the network, and votes for both",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		attackers(f, w, r, func(a *attacker) {
			a.turns(func(v replica.View, round uint64) {
				first, second := a.plan(v, round), a.plan(v, round)
				second.time++
				if len(second.txs) > 1 && a.chance(0.5) {
					second.txs = second.txs[:len(second.txs)-1]
				}
				one, two := a.halves()
				x, y := a.forge(v, first), a.forge(v, second)
				if x == nil || y == nil {
					return
				}
				a.propose(one, x)
				if a.chance(0.8) {
					a.propose(two, y)
				} else {
					a.propose(append(one, two...), y) // some see both at once
				}
				a.struck()
			})
		})
	})
