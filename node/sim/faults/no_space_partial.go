package faults

import (
	"math/rand/v2"
	"syscall"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

var noSpacePartial = define("no-space-partial", Disks, "the room on a disk ends in the middle of a write: the process ends, and starts again on what was written",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		full := fill(w, r, func(_ *sim.Node, op disk.Op) error {
			w.Fired(f)
			if !isWrite(op) || r.IntN(2) == 0 {
				return syscall.ENOSPC
			}
			return &disk.Torn{Bytes: r.IntN(op.Size + 1), Err: syscall.ENOSPC}
		})
		w.While(sim.Between(r, 1, 4000), func() uint64 {
			n := w.Nodes()[r.IntN(len(w.Nodes()))] // perhaps one that joined later
			n.MayFail("its disk took a part of a write")
			full.fill(w, n, 0.1+0.6*r.Float64(), sim.Between(r, 100, 3000))
			return sim.Between(r, 500, 8000)
		})
	})
