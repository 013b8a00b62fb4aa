package faults

import (
	"math/rand/v2"
	"syscall"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/disk"
	"github.com/posnet/posnet/node/store"
)

// fullDisks are disks on which some writes find no room.
type fullDisks struct {
	refuse func(*sim.Node, disk.Op) error
	r      *rand.Rand
	chance map[*sim.Node]float64 // that a write is refused; whoever is here is watched
	until  map[*sim.Node]uint64
}

// fill has writes refused where chance says so. refuse gives the error; it is asked only then.
func fill(w *sim.World, r *rand.Rand, refuse func(*sim.Node, disk.Op) error) fullDisks {
	d := fullDisks{refuse, r, map[*sim.Node]float64{}, map[*sim.Node]uint64{}}
	for _, n := range w.Nodes() {
		d.watch(w, n)
	}
	return d
}

// watch sees the writes of a node; who joins later is watched from its first full disk on.
func (d fullDisks) watch(w *sim.World, n *sim.Node) {
	if _, watched := d.chance[n]; watched {
		return
	}
	d.chance[n] = 0
	n.MayNotOpen(syscall.ENOSPC, store.ErrNoSpace)
	n.WatchDisk(func(op disk.Op) error {
		if d.until[n] <= w.Now() {
			d.empty(n)
		}
		if p := d.chance[n]; p > 0 && (isWrite(op) || op.Kind == disk.Create) && sim.Chance(d.r, p) {
			return d.refuse(n, op)
		}
		return nil
	}, nil)
}

// fill leaves no room on a node's disk for a while: most writes fail, and who asks is told that there is none.
func (d fullDisks) fill(w *sim.World, n *sim.Node, chance float64, ms uint64) {
	d.watch(w, n)
	d.chance[n], d.until[n] = chance, w.Now()+ms
	if chance >= 1 {
		n.Disk().SetFree(0)
	}
	w.After(ms, func() {
		if d.until[n] <= w.Now() {
			d.empty(n)
		}
	})
}

func (d fullDisks) empty(n *sim.Node) {
	if d.chance[n] > 0 {
		d.chance[n] = 0
		n.Disk().SetFree(disk.Size)
	}
}
