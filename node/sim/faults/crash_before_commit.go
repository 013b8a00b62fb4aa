package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

var crashBeforeCommit = define("crash-before-commit", Disks, "a machine dies while a decided block is written, before it is durable",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		crashes(f, w, r, ofDatabase, func() disk.Loss { return anyLoss(r) }, false).lay(w, r)
	})
