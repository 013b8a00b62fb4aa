package disk

import (
	"maps"
	"math/rand/v2"
	"path"
	"slices"
)

// sector is what a disk writes in one go.
const sector = 512

// Loss decides what of the unsynced things a crash takes. The zero value takes all.
type Loss struct {
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
	Prefix   int // bytes of a kept write that came to the disk; 0: all
	Shredded bool
}

// All is a loss of everything that was not synced: power loss with a disk that had written nothing yet.
func All() Loss { return Loss{} }

// None is a loss of nothing: the process died, the machine did not.
func None() Loss {
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
	out.root = d.root.crash("", l, map[*inode]*inode{})
	return out
}

// Copy returns the disk as it is, as if everything had been synced: an image of the volume.
func (d *Disk) Copy() *Disk { return d.Crash(None()) }

// crash copies what is left of an inode. A file with two names is copied once.
func (n *inode) crash(name string, l Loss, done map[*inode]*inode) *inode {
	if out := done[n]; out != nil {
		return out
	}
	out := &inode{}
	done[n] = out
	if n.dir == nil {
		out.data = n.left(name, l)
		return out
	}
	left := maps.Clone(n.dir.synced)
	for _, apply := range n.dir.journal {
		if l.Name != nil && l.Name(name) {
			apply(left)
		}
	}
	// In the order of the names, so that the same seed leaves the same disk.
	for _, base := range slices.Sorted(maps.Keys(left)) {
		left[base] = left[base].crash(path.Join(name, base), l, done)
	}
	out.dir = &directory{now: left, synced: maps.Clone(left)}
	return out
}

// left is what is left of a file's data.
func (n *inode) left(name string, l Loss) []byte {
	out := &inode{data: slices.Clone(n.data)}
	for _, w := range slices.Backward(n.pending) {
		copy(out.data[w.off:], w.old)
		out.data = out.data[:w.size]
	}
	for _, w := range n.pending {
		fate := Fate{}
		if l.Data != nil {
			fate = l.Data(name, len(w.data))
		}
		switch {
		case !fate.Kept:
		case fate.Shredded:
			for off := 0; off < len(w.data); off += sector {
				if l.Sector() {
					out.put(w.data[off:min(off+sector, len(w.data))], w.off+int64(off))
				}
			}
		case fate.Prefix > 0:
			out.put(w.data[:min(fate.Prefix, len(w.data))], w.off)
		default:
			out.put(w.data, w.off)
		}
	}
	return out.data
}
