package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

var crash = define("crash", Disks, "a process dies, the machine lives: nothing that was written is lost",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		w.While(sim.Between(r, 100, 3000), func() uint64 {
			if n := pick(r, w.Nodes()); n != nil {
				n.Crash(disk.None(), sim.Between(r, 1, 3000))
				w.Fired(f)
			}
			return sim.Between(r, 100, 8000)
		})
	})
