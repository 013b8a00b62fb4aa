package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

var crashMixed = define("crash-mixed", Disks, "a machine dies, and of what was not synced some is left: whole, cut short or in shreds",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		w.While(sim.Between(r, 100, 3000), func() uint64 {
			if n := pick(r, w.Nodes()); n != nil {
				n.Crash(disk.Mixed(r), sim.Between(r, 1, 5000))
				w.Fired(f)
			}
			return sim.Between(r, 100, 8000)
		})
	})
