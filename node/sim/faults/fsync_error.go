package faults

import (
	"math/rand/v2"
	"syscall"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

var fsyncError = define("fsync-error", Disks, "a sync fails once, and the kernel forgets what it should have written: reads see it until the machine dies",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		for _, n := range w.Nodes() {
			n.MayFail("its disk fails a sync")
		}
		ambush{
			match: func(op disk.Op) bool { return isSync(op) || op.Kind == disk.SyncDir }, skip: 10, pause: 8000,
			before: func(n *sim.Node, _ disk.Op) error {
				w.Fired(f)
				if r.IntN(2) == 0 { // the process must end by itself; later its machine dies too
					w.After(sim.Between(r, 1, 6000), func() {
						if w.Faulty() {
							n.Crash(anyLoss(r), sim.Between(r, 1, 2000))
						}
					})
				}
				return &disk.Forgotten{Err: syscall.EIO}
			},
		}.lay(w, r)
	})
