package faults

import (
	"math/rand/v2"
	"syscall"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

var writeError = define("write-error", Disks, "a write, or a change of names, fails once with an input/output error, perhaps half done",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		for _, n := range w.Nodes() {
			n.MayFail("its disk fails a write")
		}
		ambush{
			match: func(op disk.Op) bool { return isWrite(op) || ofNames(op) }, skip: 10, pause: 8000,
			before: func(_ *sim.Node, op disk.Op) error {
				w.Fired(f)
				if isWrite(op) && r.IntN(2) == 0 {
					return &disk.Torn{Bytes: r.IntN(op.Size + 1), Err: syscall.EIO}
				}
				return syscall.EIO
			},
		}.lay(w, r)
	})
