package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

var crashNamesLost = define("crash-names-lost", Disks, "a machine dies around a change of names, which are lost while the data of their files is not",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		// Files are made, renamed and removed when a log begins anew, and at the start.
		lose := func(n *sim.Node) {
			l := disk.Loss{
				Data: func(string, int) disk.Fate { return disk.Fate{Kept: true} },
				Name: func(string) bool { return r.IntN(3) == 0 },
			}
			n.Crash(l, sim.Between(r, 1, 2000))
			w.Fired(f)
		}
		a := ambush{match: ofNames, skip: 4, pause: 3000}
		a.before = func(n *sim.Node, _ disk.Op) error { lose(n); return nil }
		a.lay(w, r)
		a = ambush{match: ofNames, skip: 4, pause: 3000}
		a.after = func(n *sim.Node, _ disk.Op) { lose(n) }
		a.lay(w, r)
	})
