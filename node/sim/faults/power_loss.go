package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

var powerLoss = define("power-loss", Disks, "all machines lose their power at once, and each what it had not synced, or some of it",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		w.While(sim.Between(r, 100, 5000), func() uint64 {
			mixed := r.IntN(2) == 0
			for _, n := range w.Nodes() {
				if !n.Up() {
					continue
				}
				l := disk.All()
				if mixed {
					l = disk.Mixed(r)
				}
				n.Crash(l, sim.Between(r, 100, 4000))
				w.Fired(f)
			}
			return sim.Between(r, 2000, 30_000)
		})
	})
