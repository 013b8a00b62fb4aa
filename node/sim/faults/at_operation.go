package faults

import (
	"math/rand/v2"
	"strings"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
)

// ambush waits for operations of disks. Again and again it picks a node and lets the fault strike at one of the next
// operations there that match.
type ambush struct {
	match func(disk.Op) bool
	skip  int    // at most so many matching operations pass before it strikes
	pause uint64 // at most, between two strokes, in milliseconds
	// before strikes ahead of the operation, and may fail it; after strikes when it was done. One of the two is set.
	before func(*sim.Node, disk.Op) error
	after  func(*sim.Node, disk.Op)
}

func (a ambush) lay(w *sim.World, r *rand.Rand) {
	armed := map[*sim.Node]int{} // how many operations are to pass
	due := func(n *sim.Node, op disk.Op) bool {
		left, ok := armed[n]
		switch {
		case !ok || !a.match(op):
			return false
		case left > 0:
			armed[n]--
			return false
		}
		delete(armed, n)
		return true
	}
	for _, n := range w.Nodes() {
		if r.IntN(3) == 0 {
			armed[n] = r.IntN(a.skip + 1) // at its very first start, perhaps
		}
		n.WatchDisk(func(op disk.Op) error {
			if a.before == nil || !due(n, op) {
				return nil
			}
			return a.before(n, op)
		}, func(op disk.Op) {
			if a.after != nil && due(n, op) {
				a.after(n, op)
			}
		})
	}
	w.While(sim.Between(r, 1, a.pause), func() uint64 {
		armed[w.Nodes()[r.IntN(len(w.Nodes()))]] = r.IntN(a.skip + 1)
		return sim.Between(r, 100, a.pause)
	})
}

// crashes is an ambush that ends the process, and the machine with it if l says so.
func crashes(f *Fault, w *sim.World, r *rand.Rand, match func(disk.Op) bool, l func() disk.Loss, after bool) ambush {
	strike := func(n *sim.Node) {
		n.Crash(l(), sim.Between(r, 1, 3000))
		w.Fired(f)
	}
	a := ambush{match: match, skip: 12, pause: 12_000}
	if after {
		a.after = func(n *sim.Node, _ disk.Op) { strike(n) }
	} else {
		a.before = func(n *sim.Node, _ disk.Op) error { strike(n); return nil }
	}
	return a
}

// anyLoss is nothing, all or some of what was not synced.
func anyLoss(r *rand.Rand) disk.Loss {
	switch r.IntN(3) {
	case 0:
		return disk.None()
	case 1:
		return disk.All()
	}
	return disk.Mixed(r)
}

func isWrite(op disk.Op) bool { return op.Kind == disk.Write }
func isSync(op disk.Op) bool  { return op.Kind == disk.Sync }

// ofDatabase reports whether an operation is a commit.
func ofDatabase(op disk.Op) bool { return strings.HasPrefix(op.Path, "db/") }

// ofNames reports whether an operation is about names, or makes them durable.
func ofNames(op disk.Op) bool {
	switch op.Kind {
	case disk.SyncDir, disk.Create, disk.Remove, disk.Rename, disk.Link, disk.MakeDir, disk.Reuse:
		return true
	}
	return false
}
