package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

var crashBeforeSync = define("crash-before-sync", Disks, "a machine dies just before a sync, and loses what was to be synced, or some of it",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		crashes(f, w, r, func(op disk.Op) bool { return isSync(op) && !ofDatabase(op) }, func() disk.Loss {
			if r.IntN(2) == 0 {
				return disk.All()
			}
			return disk.Mixed(r)
		}, false).lay(w, r)
	})
