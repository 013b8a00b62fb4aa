package faults

import (
	"math/rand/v2"
	"syscall"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

var noSpace = define("no-space", Disks, "writes find no room, now one and now another, or all for some seconds; the process waits and goes on where it was",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		full := fill(w, r, func(*sim.Node, disk.Op) error {
			w.Fired(f)
			return syscall.ENOSPC
		})
		w.While(sim.Between(r, 1, 4000), func() uint64 {
			n := w.Nodes()[r.IntN(len(w.Nodes()))]
			chance := 1.0
			if r.IntN(2) == 0 {
				chance = 0.05 + 0.5*r.Float64()
			}
			full.fill(w, n, chance, sim.Between(r, 100, 8000))
			return sim.Between(r, 100, 6000)
		})
	})
