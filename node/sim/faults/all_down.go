package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

var allDown = define("all-down", Pods, "all nodes die at once, and come back one by one",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		w.While(lasting(r, 200, 6000), func() uint64 {
			loss := disk.None() // the processes died; else the power went
			if r.IntN(2) == 0 {
				loss = disk.All()
			}
			most := lasting(r, 100, 15_000)
			for _, n := range w.Nodes() {
				if n.Up() {
					n.Crash(loss, sim.Between(r, 1, most))
					w.Fired(f)
				}
			}
			return most + lasting(r, 1000, 30_000)
		})
	})
