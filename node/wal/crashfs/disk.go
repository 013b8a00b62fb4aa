package crashfs

import (
	"bytes"
	"hash/maphash"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// sector is what a disk writes whole or not at all, in bytes.
const sector = 512

// Disk is a file system in memory that shows, at any instant, what a crash would leave of it. Beyond pebble's MemFS it knows
// the middle of a write, the death of a process whose machine lives on, names that were removed and come back, and it is
// deterministic: the same seed leaves the same disk.
//
// One operation that changes it runs at a time, with its hook; so what the hook sees stands still.
type Disk struct {
	ops  sync.Mutex // one change at a time, hook included
	hook Hook

	mu    sync.Mutex // guards all below
	root  *node
	locks map[string]bool
	free  uint64
	torn  *tear // while a write is half done
}

// Hook is called around every operation that changes a disk. At Before an error becomes the operation's result, and
// nothing is changed; at the other moments it is ignored. It may call Crash, and must not change the disk itself.
type Hook func(at Moment, op Op) error

// Moment is when a hook is called.
type Moment string

// The moments of an operation. Torn comes only for writes that touch more than one sector, twice: with the first half of
// the sectors written, and with every other one.
const (
	Before Moment = "before"
	Torn   Moment = "torn"
	After  Moment = "after"
)

// Op is an operation that changes a disk.
type Op struct {
	Kind string // create, link, remove, rename, reuse, mkdir, preallocate, write, sync, dir sync
	Path string // for two paths the new one
}

// Loss is what becomes of data and names that were not synced.
type Loss string

// The losses of a crash.
const (
	All  Loss = "all unsynced lost"  // power fails before the disk has written any of it
	Some Loss = "some unsynced lost" // power fails; each sector and each change of a name is there or not
	None Loss = "process killed"     // the machine lives on; what is not synced may be lost later
)

// node is a file or a directory.
type node struct {
	dir          bool
	data, synced []byte // never changed in place while shared
	shared       bool   // data is also in another place: copy before writing
	modified     time.Time

	names, syncedNames map[string]*node
	pending            []rename // changes of names that were not synced, in order
}

// rename is one atomic change of a directory: a name goes, a name comes, or both.
type rename struct {
	gone, name string
	node       *node
}

// tear is a write of which some sectors are done.
type tear struct {
	node *node
	done []piece
}

type piece struct {
	at   int
	data []byte
}

// NewDisk returns an empty disk with much room.
func NewDisk() *Disk {
	return &Disk{root: newDir(), locks: map[string]bool{}, free: 1 << 40}
}

func newDir() *node {
	return &node{dir: true, names: map[string]*node{}, syncedNames: map[string]*node{}}
}

// Watch has hook called around every change from now on; nil calls nothing.
func (d *Disk) Watch(hook Hook) {
	d.ops.Lock()
	defer d.ops.Unlock()
	d.hook = hook
}

// SetFree sets how many bytes GetDiskUsage calls free.
func (d *Disk) SetFree(n uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.free = n
}

// Crash returns the disk as a crash at this instant leaves it. The seed chooses what Some loses. At the moment Torn the
// done part of the write is on the disk, whatever else is lost.
func (d *Disk) Crash(loss Loss, seed uint64) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := &crash{loss: loss, rng: rand.New(rand.NewPCG(seed, 0x6372617368)), torn: d.torn, made: map[*node]*node{}}
	return &Disk{root: c.copy(d.root), locks: map[string]bool{}, free: d.free}
}

// crash is one copy under way. Nodes with two names stay one node.
type crash struct {
	loss Loss
	rng  *rand.Rand
	torn *tear
	made map[*node]*node
}

func (c *crash) kept() bool { return c.rng.IntN(2) == 0 }

func (c *crash) copy(n *node) *node {
	if m, ok := c.made[n]; ok {
		return m
	}
	m := &node{dir: n.dir, modified: n.modified}
	c.made[n] = m
	if n.dir {
		c.copyNames(n, m)
		return m
	}
	n.shared, m.shared = true, true
	switch c.loss {
	case None:
		m.data, m.synced = n.data, n.synced
		return m
	case All:
		m.data = n.synced
	case Some:
		m.data = c.mix(n.synced, n.data)
	}
	if c.torn != nil && c.torn.node == n {
		m.data = slices.Clone(m.data)
		for _, p := range c.torn.done {
			m.data = put(m.data, p.at, p.data)
		}
	}
	m.synced = m.data
	return m
}

func (c *crash) copyNames(n, m *node) {
	m.names = map[string]*node{}
	names := n.syncedNames
	if c.loss == None {
		names = n.names
	}
	now := maps.Clone(names)
	if c.loss == Some {
		for _, p := range n.pending {
			if c.kept() {
				p.apply(now)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		m.names[name] = c.copy(now[name])
	}
	if c.loss != None {
		m.syncedNames = maps.Clone(m.names)
		return
	}
	m.syncedNames = map[string]*node{}
	for _, name := range slices.Sorted(maps.Keys(n.syncedNames)) {
		m.syncedNames[name] = c.copy(n.syncedNames[name])
	}
	for _, p := range n.pending {
		if p.node != nil {
			p.node = c.copy(p.node)
		}
		m.pending = append(m.pending, p)
	}
}

// mix takes each sector from the one or the other. A longer file may have its length and none of its bytes.
func (c *crash) mix(synced, data []byte) []byte {
	if bytes.Equal(synced, data) {
		return synced
	}
	out := slices.Clone(synced)
	for at := 0; at < len(data); at += sector {
		s := data[at:min(at+sector, len(data))]
		if at+len(s) <= len(synced) && bytes.Equal(synced[at:at+len(s)], s) {
			continue
		}
		if c.kept() {
			out = put(out, at, s)
		}
	}
	if len(out) < len(data) && c.kept() {
		out = append(out, make([]byte, len(data)-len(out))...)
	}
	return out
}

func (r *rename) apply(names map[string]*node) {
	if r.gone != "" {
		delete(names, r.gone)
	}
	if r.node != nil {
		names[r.name] = r.node
	}
}

// put writes b into data at an offset, growing it with zeros, and returns it.
func put(data []byte, at int, b []byte) []byte {
	if grow := at + len(b) - len(data); grow > 0 {
		data = append(data, make([]byte, grow)...)
	}
	copy(data[at:], b)
	return data
}

var fingerprints = maphash.MakeSeed()

// Fingerprint is equal for disks with equal contents, durable and not, within this process.
func (d *Disk) Fingerprint() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	var h maphash.Hash
	h.SetSeed(fingerprints)
	d.root.fingerprint(&h)
	return h.Sum64()
}

func (n *node) fingerprint(h *maphash.Hash) {
	if !n.dir {
		maphash.WriteComparable(h, len(n.data))
		_, _ = h.Write(n.data)
		if !bytes.Equal(n.synced, n.data) {
			maphash.WriteComparable(h, len(n.synced))
			_, _ = h.Write(n.synced)
		}
		return
	}
	for _, names := range []map[string]*node{n.names, n.syncedNames} {
		maphash.WriteComparable(h, len(names))
		for _, name := range slices.Sorted(maps.Keys(names)) {
			_, _ = h.WriteString(name)
			names[name].fingerprint(h)
		}
	}
	maphash.WriteComparable(h, len(n.pending))
}
