package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

var staleLog = define("stale-log", Disks, "a disk forgets what was durable in the consensus log, not the sign-state: the validator must keep silent for the height it was at",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		old := map[*sim.Node]*disk.Snapshot{}
		back := map[*sim.Node]bool{} // at the next start
		var victims []*sim.Node
		for _, i := range r.Perm(len(w.Nodes())) {
			n := w.Nodes()[i]
			if !n.Handicap() {
				continue
			}
			victims = append(victims, n)
			n.OnStart(func() {
				if !back[n] || old[n] == nil {
					return
				}
				back[n] = false
				if err := n.Disk().Restore("wal", old[n]); err != nil {
					panic(err) // there is no such disk
				}
				w.Fired(f)
			})
		}
		w.While(sim.Between(r, 10, 1000), func() uint64 {
			n := pick(r, victims)
			if n == nil {
				return 100
			}
			switch back[n] = old[n] != nil && r.IntN(2) == 0; {
			case back[n]:
				n.Crash(anyLoss(r), sim.Between(r, 1, 500))
			default:
				old[n] = n.Disk().Snapshot("wal")
			}
			return sim.Between(r, 10, 3000)
		})
	})
