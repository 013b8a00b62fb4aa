package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var isolatedNode = define("isolated-node", Network, "one node after the other hears nobody and is heard by nobody",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		var alone *sim.Node
		sever(f, w, func(from, to *sim.Node) bool { return alone != nil && (from == alone || to == alone) })
		alternate(w,
			func() uint64 { return lasting(r, 100, 5000) },
			func() uint64 { return lasting(r, 500, 60_000) },
			func() { alone = w.Nodes()[r.IntN(len(w.Nodes()))] },
			func() { alone = nil })
	})
