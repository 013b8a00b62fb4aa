package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

// badReads has some nodes read something else than they wrote, in some of their starts: damage decides what, and returns
// how many bytes come. A node that was misled about its consensus log keeps silent for a height, so its stake counts as
// faulty; what it says is judged as ever.
func badReads(f *Fault, w *sim.World, r *rand.Rand, damage func(data []byte) int) {
	var victims []*sim.Node
	for _, i := range r.Perm(len(w.Nodes())) {
		if n := w.Nodes()[i]; n.Handicap() {
			n.MayFail("its disk reads what was not written")
			victims = append(victims, n)
		}
	}
	bad := map[*sim.Node]int{} // starts that read badly
	for _, n := range victims {
		n.OnStart(func() { bad[n] = max(0, bad[n]-1) })
		n.WatchReads(func(_ disk.Op, data []byte) int {
			if !n.Opening() || bad[n] == 0 || r.IntN(3) == 0 {
				return len(data)
			}
			w.Fired(f)
			return damage(data)
		})
	}
	w.While(sim.Between(r, 100, 5000), func() uint64 {
		if n := pick(r, victims); n != nil {
			bad[n] = 2 + r.IntN(2)
			n.Crash(disk.None(), sim.Between(r, 1, 2000))
		}
		return sim.Between(r, 500, 15_000)
	})
}
