package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

var crashAtStart = define("crash-at-start", Disks, "a machine dies while a node opens what an earlier crash has left, perhaps several times in a row",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		tries := map[*sim.Node]int{} // starts that are to fail
		left := map[*sim.Node]int{}  // operations of a start until then
		for _, n := range w.Nodes() {
			n.OnStart(func() { left[n] = r.IntN(12) })
			n.WatchDisk(func(disk.Op) error {
				if !n.Opening() || tries[n] == 0 {
					return nil
				}
				if left[n]--; left[n] < 0 {
					tries[n]--
					n.Crash(anyLoss(r), sim.Between(r, 1, 1000))
					w.Fired(f)
				}
				return nil
			}, nil)
		}
		w.While(sim.Between(r, 100, 5000), func() uint64 {
			if n := pick(r, w.Nodes()); n != nil {
				tries[n] = 1 + r.IntN(3)
				n.Crash(anyLoss(r), sim.Between(r, 1, 1000))
			}
			return sim.Between(r, 100, 15_000)
		})
	})
