package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

// Whose log is lost forgets what it is locked on, and is silent to the end of a height in which it has voted: as good as
// down, and so less than a third may lose it at once. No contradiction is excused.
var logLost = define("log-lost", Pods, "the consensus log is gone when a node comes back; its sign-state is there",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		w.While(lasting(r, 50, 3000), func() uint64 {
			n := pick(r, w.Nodes())
			if n == nil || !n.Handicap() {
				return lasting(r, 100, 5000)
			}
			down := lasting(r, 100, 5000)
			if r.IntN(2) == 0 {
				n.Stop(down)
			} else {
				n.Crash(disk.None(), down)
			}
			if !n.Up() && n.Disk().RemoveAll("wal") == nil {
				w.Fired(f)
			}
			return lasting(r, 200, 10_000)
		})
	})
