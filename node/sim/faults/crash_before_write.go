package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

var crashBeforeWrite = define("crash-before-write", Disks, "a process or its machine dies just before something is written",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		crashes(f, w, r, isWrite, func() disk.Loss { return anyLoss(r) }, false).lay(w, r)
	})
