package disk

import (
	"maps"
	"math/rand/v2"
	"path"
	"slices"
)

// sector is what a disk writes in one go, and no process sees the half of: it lies within one page of the kernel.
const sector = 512

// whole is how much of n bytes at off is written if a write ends within its first part bytes: it ends between two sectors.
func whole(off int64, part, n int) int {
	if part >= n {
		return n
	}
	return max(0, part-int(off+int64(part))%sector)
}

// Loss decides what of the unsynced things a crash takes. The zero value takes all.
type Loss struct {
	// Process says that only the process died. The disk is as it was: what was not synced is there and still is not durable.
	// The other fields are then ignored.
	Process bool
	// Data is what becomes of each unsynced write to a file, in their order.
	Data func(path string, size int) Fate
	// Name reports whether an unsynced change of names in a directory survives.
	Name func(dir string) bool
	// Sector reports whether a sector of a [Shredded] write survives.
	Sector func() bool
}

// Fate is what becomes of an unsynced write.
type Fate struct {
	Kept     bool
	Prefix   int // at most so many bytes of a kept write came to the disk, in whole sectors; 0: all
	Shredded bool
}

// All is a loss of everything that was not synced: power loss with a disk that had written nothing yet.
func All() Loss { return Loss{} }

// None is a loss of nothing: the process died, the machine did not.
func None() Loss { return Loss{Process: true} }

// keep keeps everything, durably.
func keep() Loss {
	return Loss{Data: func(string, int) Fate { return Fate{Kept: true} }, Name: func(string) bool { return true }}
}

// Mixed is a loss of some of everything: writes lost, kept, cut short and shredded, names lost and kept.
func Mixed(r *rand.Rand) Loss {
	return Loss{
		Data: func(_ string, size int) Fate {
			switch r.IntN(4) {
			case 0:
				return Fate{}
			case 1:
				return Fate{Kept: true, Prefix: 1 + r.IntN(max(1, size))}
			case 2:
				return Fate{Kept: true, Shredded: true}
			}
			return Fate{Kept: true}
		},
		Name:   func(string) bool { return r.IntN(2) == 0 },
		Sector: func() bool { return r.IntN(2) == 0 },
	}
}

// Crash returns the disk as a crash at this instant leaves it. The disk itself goes on, for a process that does not know
// yet that it is dead.
func (d *Disk) Crash(l Loss) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := New()
	if l.Process {
		out.root = d.root.clone(map[*inode]*inode{})
	} else {
		out.root = d.root.crash("", l, map[*inode]*inode{})
	}
	out.free.Store(d.free.Load())
	return out
}

// Copy returns the disk as it is, as if everything had been synced: an image of the volume.
func (d *Disk) Copy() *Disk { return d.Crash(keep()) }

// Snapshot returns what is durable of a file or directory: a crash would leave it so. It is nil if there is nothing.
func (d *Disk) Snapshot(name string) *Snapshot {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.find(clean(name))
	if n == nil {
		return nil
	}
	return &Snapshot{n.crash(clean(name), All(), map[*inode]*inode{})}
}

// Snapshot is a file or directory of a disk as it was at an instant.
type Snapshot struct{ node *inode }

// Restore puts a snapshot in the place of what has that name, durably. Open files keep what they had.
func (d *Disk) Restore(name string, s *Snapshot) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	dir, base, err := d.parent(clean(name))
	if err != nil {
		return err
	}
	n := s.node.crash("", keep(), map[*inode]*inode{})
	dir.change(change{{base, n}})
	dir.synced[base] = n
	return nil
}

// clone copies an inode with all that is not durable yet.
func (n *inode) clone(done map[*inode]*inode) *inode {
	if n == nil {
		return nil
	}
	if out := done[n]; out != nil {
		return out
	}
	// What lies in a write never changes, so that it can be shared.
	out := &inode{data: n.data.clone(), pending: slices.Clone(n.pending)}
	if n.durable != nil {
		durable := n.durable.clone()
		out.durable = &durable
	}
	done[n] = out
	if n.dir == nil {
		return out
	}
	out.dir = &directory{now: n.dir.now.clone(done), synced: n.dir.synced.clone(done)}
	for _, c := range n.dir.journal {
		c = slices.Clone(c)
		for i := range c {
			c[i].node = c[i].node.clone(done)
		}
		out.dir.journal = append(out.dir.journal, c)
	}
	return out
}

func (e entries) clone(done map[*inode]*inode) entries {
	out := make(entries, len(e))
	for name, n := range e {
		out[name] = n.clone(done)
	}
	return out
}

// crash copies what is left of an inode. A file with two names is copied once.
func (n *inode) crash(name string, l Loss, done map[*inode]*inode) *inode {
	if out := done[n]; out != nil {
		return out
	}
	out := &inode{}
	done[n] = out
	if n.dir == nil {
		fate := func(int) Fate { return Fate{} }
		if l.Data != nil {
			fate = func(size int) Fate { return l.Data(name, size) }
		}
		out.data = n.left(fate, l.Sector)
		return out
	}
	left := maps.Clone(n.dir.synced)
	for _, c := range n.dir.journal {
		if l.Name != nil && l.Name(name) {
			c.apply(left)
		}
	}
	// In the order of the names, so that the same seed leaves the same disk.
	for _, base := range slices.Sorted(maps.Keys(left)) {
		left[base] = left[base].crash(path.Join(name, base), l, done)
	}
	out.dir = &directory{now: left, synced: maps.Clone(left)}
	return out
}

// left is what is left of a file's data when each unsynced write has its fate.
func (n *inode) left(fate func(size int) Fate, survives func() bool) content {
	out := n.undone()
	for _, w := range n.pending {
		if w.gone {
			continue
		}
		switch f := fate(len(w.data)); {
		case !f.Kept:
		case f.Shredded:
			for at := 0; at < len(w.data); {
				end := min(len(w.data), at+sector-int(w.off+int64(at))%sector)
				if survives() {
					out.writeAt(w.data[at:end], w.off+int64(at))
				}
				at = end
			}
		case f.Prefix > 0:
			out.writeAt(w.data[:whole(w.off, f.Prefix, len(w.data))], w.off)
		default:
			out.writeAt(w.data, w.off)
		}
	}
	return out
}
