package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var partitionOneWay = define("partition-one-way", Network, "some nodes hear others that do not hear them",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		var deaf map[*sim.Node]bool // hear nobody outside
		sever(f, w, func(from, to *sim.Node) bool { return deaf[to] && !deaf[from] })
		w.While(sim.Between(r, 100, 5000), func() uint64 {
			if deaf != nil {
				deaf = nil
				return sim.Between(r, 500, 10_000)
			}
			deaf = map[*sim.Node]bool{}
			for _, n := range w.Nodes() {
				if r.IntN(2) == 0 {
					deaf[n] = true
				}
			}
			return sim.Between(r, 500, 15_000)
		})
	})
