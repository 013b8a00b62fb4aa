package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var burstLoss = define("burst-loss", Network, "for some hundred milliseconds all messages are lost",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		lost := false
		sever(f, w, func(*sim.Node, *sim.Node) bool { return lost })
		alternate(w,
			func() uint64 { return lasting(r, 100, 5000) },
			func() uint64 { return lasting(r, 50, 1500) },
			func() { lost = true },
			func() { lost = false })
	})
