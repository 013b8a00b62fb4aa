package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var shortRead = define("short-read", Disks, "a file of a node that starts seems to end before its end",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		badReads(f, w, r, func(data []byte) int { return r.IntN(len(data)) })
	})
