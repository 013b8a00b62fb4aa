package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

// The sign-state of the old image is behind what the key has signed. The node must find that out from its peers before it
// signs, or be caught at it; whatever it does, nobody else may suffer.
var volumeRestored = define("volume-restored", Pods, "an old image of a volume comes back, with an old sign-state",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		var of *sim.Node
		var image *disk.Disk
		w.While(lasting(r, 100, 3000), func() uint64 {
			if of == nil {
				if of = pick(r, w.Nodes()); of != nil {
					image = of.Image()
				}
				return lasting(r, 100, 10_000)
			}
			if of.Up() && of.Excuse("an old image of its volume came back") {
				of.Restore(image, lasting(r, 100, 5000))
				w.Fired(f)
			}
			of = nil
			return lasting(r, 1000, 20_000)
		})
	})
