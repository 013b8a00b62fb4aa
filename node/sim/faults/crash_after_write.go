package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

var crashAfterWrite = define("crash-after-write", Disks, "a process or its machine dies when something was written and not yet synced",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		crashes(f, w, r, isWrite, func() disk.Loss { return anyLoss(r) }, true).lay(w, r)
	})
