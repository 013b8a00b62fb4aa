package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

var twoPodsOneKey = define("two-pods-one-key", Pods, "two processes run with the same keys, each on a copy of the volume",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		doubled := map[*sim.Node]bool{}
		w.While(lasting(r, 100, 6000), func() uint64 {
			n := pick(r, w.Validators())
			if n == nil || doubled[n] || !n.Excuse("two processes have its key") {
				return lasting(r, 1000, 20_000)
			}
			doubled[n] = true
			if _, err := n.Twin(); err != nil {
				w.Say("the twin of %s does not start: %v", n.Name, err)
			}
			w.Fired(f)
			return lasting(r, 1000, 20_000)
		})
	})
