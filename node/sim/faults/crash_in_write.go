package faults

import (
	"math/rand/v2"
	"syscall"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

var crashInWrite = define("crash-in-write", Disks, "a process or its machine dies in the middle of a write",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		ambush{match: isWrite, skip: 12, pause: 12_000, after: func(n *sim.Node, op disk.Op) {
			// Of the latest write a part came to the disk; of those before it, all or some.
			l := disk.Mixed(r)
			if r.IntN(2) == 0 {
				l.Data = func(path string, size int) disk.Fate {
					if path != op.Path || size != op.Size {
						return disk.Fate{Kept: true}
					}
					return disk.Fate{Kept: true, Prefix: 1 + r.IntN(max(1, size)), Shredded: r.IntN(2) == 0}
				}
			}
			n.Crash(l, sim.Between(r, 1, 3000))
			w.Fired(f)
		}}.lay(w, r)
		// And a process that is killed within the call: the kernel has taken a part.
		ambush{match: isWrite, skip: 12, pause: 12_000, before: func(n *sim.Node, op disk.Op) error {
			return &disk.Torn{Bytes: r.IntN(op.Size + 1), Err: syscall.EINTR, Then: func() {
				n.Crash(anyLoss(r), sim.Between(r, 1, 3000))
				w.Fired(f)
			}}
		}}.lay(w, r)
	})
