package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

var crashAfterCommit = define("crash-after-commit", Disks, "a machine dies when a decided block is durable and nobody knows yet",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		crashes(f, w, r, ofDatabase, func() disk.Loss { return anyLoss(r) }, true).lay(w, r)
	})
