package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var partition = define("partition", Network, "the network falls into two halves",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		var half map[*sim.Node]bool
		sever(f, w, func(from, to *sim.Node) bool { return half != nil && half[from] != half[to] })
		alternate(w,
			func() uint64 { return lasting(r, 100, 10_000) },
			func() uint64 { return lasting(r, 500, 30_000) },
			func() { half = part(r, w.Nodes()) },
			func() { half = nil })
	})
