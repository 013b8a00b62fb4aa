package faults

import (
	"math/rand/v2"
	"syscall"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

var noSpaceLong = define("no-space-long", Disks, "some disks are full for a minute, while the others go on; some processes are restarted meanwhile",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		full := fill(w, r, func(*sim.Node, disk.Op) error {
			w.Fired(f)
			return syscall.ENOSPC
		})
		w.While(sim.Between(r, 1, 10_000), func() uint64 {
			for range 1 + r.IntN(max(1, len(w.Nodes())/3)) {
				n := w.Nodes()[r.IntN(len(w.Nodes()))]
				full.fill(w, n, 1, sim.Between(r, 10_000, 60_000))
				if r.IntN(3) == 0 {
					w.After(sim.Between(r, 100, 10_000), func() {
						if w.Faulty() {
							n.Stop(sim.Between(r, 1, 2000))
						}
					})
				}
			}
			return sim.Between(r, 10_000, 60_000)
		})
	})
