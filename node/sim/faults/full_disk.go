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
	chance map[*sim.Node]float64 // that a write is refused
	until  map[*sim.Node]uint64
}

// fill has writes refused where chance says so. refuse gives the error; it is asked only then.
func fill(w *sim.World, r *rand.Rand, refuse func(*sim.Node, disk.Op) error) fullDisks {
	d := fullDisks{map[*sim.Node]float64{}, map[*sim.Node]uint64{}}
	for _, n := range w.Nodes() {
		n.MayNotOpen(syscall.ENOSPC, store.ErrNoSpace)
		n.WatchDisk(func(op disk.Op) error {
			if d.until[n] <= w.Now() {
				d.empty(n)
			}
			if p := d.chance[n]; p > 0 && (isWrite(op) || op.Kind == disk.Create) && sim.Chance(r, p) {
				return refuse(n, op)
			}
			return nil
		}, nil)
	}
	return d
}

// fill leaves no room on a node's disk for a while: most writes fail, and who asks is told that there is none.
func (d fullDisks) fill(w *sim.World, n *sim.Node, chance float64, ms uint64) {
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
