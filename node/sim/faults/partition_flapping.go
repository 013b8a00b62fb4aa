package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var partitionFlapping = define("partition-flapping", Network, "the network falls apart and together several times a second, always elsewhere",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		var half map[*sim.Node]bool
		sever(f, w, func(from, to *sim.Node) bool { return half != nil && half[from] != half[to] })
		apart, together := lasting(r, 30, 800), lasting(r, 30, 800)
		alternate(w,
			func() uint64 { return sim.Between(r, 10, 2*together) },
			func() uint64 { return sim.Between(r, 10, 2*apart) },
			func() { half = part(r, w.Nodes()) },
			func() { half = nil })
	})
