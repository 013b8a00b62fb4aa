package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

var slowDisk = define("slow-disk", Disks, "the syncs of some disks take from 50 milliseconds to 2 seconds, for a while",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		slow := map[*sim.Node]uint64{} // the longest sync, in milliseconds
		for _, n := range w.Nodes() {
			n.WatchDisk(nil, func(op disk.Op) {
				if most := slow[n]; most > 0 && (isSync(op) || op.Kind == disk.SyncDir) {
					n.Lag(sim.Between(r, 50, most))
					w.Fired(f)
				}
			})
		}
		w.While(sim.Between(r, 1, 5000), func() uint64 {
			clear(slow)
			for _, n := range w.Nodes() {
				if r.IntN(3) == 0 {
					slow[n] = sim.Between(r, 50, 2000)
				}
			}
			return sim.Between(r, 1000, 20_000)
		})
	})
