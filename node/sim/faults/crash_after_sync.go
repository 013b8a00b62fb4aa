package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

var crashAfterSync = define("crash-after-sync", Disks, "a machine dies just after a sync, before anybody hears of what became durable",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		crashes(f, w, r, func(op disk.Op) bool { return isSync(op) && !ofDatabase(op) }, func() disk.Loss { return anyLoss(r) }, true).lay(w, r)
	})
