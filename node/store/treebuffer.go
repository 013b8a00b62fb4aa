package store

import (
	"bytes"
	"cmp"
	"slices"
	"sync"

	"github.com/posnet/posnet/node/ledger/tree"
)

// treeBuffer holds the nodes of the state tree that are not on the disk yet. Each block replaces the nodes above the
// accounts it touches, which is most of what a block would write, and the next block replaces many of them again: only what
// is left of a whole generation of blocks is written, and in parts, each within the commit of a later block.
//
// What is lost of it in a crash is made again when the store opens, from the newest version that is whole on the disk and
// the keys that changed since ([Store.recoverTree]).
type treeBuffer struct {
	most    int64  // bytes of a generation after which the next begins
	heights uint64 // and heights

	mu      sync.RWMutex
	written tree.Version // the newest version that is whole on the disk
	open    *generation
	closed  *generation    // is being written; nil: nothing is
	dying   []tree.NodeKey // stale since the last commit: readers of the tip before it may still come
}

// generation is what some blocks made, one after the other.
type generation struct {
	made  []made
	bytes int64          // of what is not stale
	live  int            // nodes that are not stale; of a closed generation, when it was closed
	stale []tree.NodeKey // of older generations, which it replaced

	next place // of a closed generation: what to write next
	left int   // and how many nodes
}

// made is what one block made, in the order of its keys: nothing is faster to fill, and to look into it is fast enough.
type made struct {
	version tree.Version
	nodes   []buffered
}

type buffered struct {
	tree.Node
	stale bool // replaced by a later block
	dead  bool // and by one of its own generation: it is never written
}

// place is a node of a generation.
type place struct{ block, node int }

func newTreeBuffer(opts *Options) *treeBuffer {
	return &treeBuffer{most: opts.TreeBufferBytes, heights: opts.TreeBufferHeights, open: &generation{}}
}

// find returns the node of a key, nil if it is not of this generation.
func (g *generation) find(key *tree.NodeKey) *buffered {
	if g == nil || len(g.made) == 0 || key.Version < g.made[0].version {
		return nil
	}
	block := key.Version - g.made[0].version
	if block >= uint64(len(g.made)) {
		return nil
	}
	nodes := g.made[block].nodes
	i, ok := slices.BinarySearchFunc(nodes, key, func(b buffered, k *tree.NodeKey) int { return comparePlace(&b.Key, k) })
	if !ok {
		return nil
	}
	return &nodes[i]
}

// comparePlace orders nodes of one version as [tree.Change].New does.
func comparePlace(a, b *tree.NodeKey) int {
	if a.Depth != b.Depth {
		return cmp.Compare(a.Depth, b.Depth)
	}
	return bytes.Compare(a.Path[:], b.Path[:])
}

func (t *treeBuffer) get(key tree.NodeKey) ([]byte, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if key.Version <= t.written {
		return nil, false
	}
	b := t.open.find(&key)
	if b == nil {
		b = t.closed.find(&key)
	}
	if b == nil || b.Bytes == nil {
		return nil, false
	}
	return b.Bytes, true
}

// part is what of a closed generation one commit writes.
type part struct {
	nodes   []*buffered
	next    place
	last    bool
	stale   []tree.NodeKey // of last: since version
	from    tree.Version   // of last: the version that was whole before
	version tree.Version
}

// partsOfGeneration is how many commits write a generation.
const partsOfGeneration = 4

// part gives what the next commit writes. It changes nothing: the commit may fail.
func (t *treeBuffer) part() (p part) {
	g := t.closed // changed by commits only, of which there is one at a time
	if g == nil {
		return p
	}
	n := min(g.left, g.live/partsOfGeneration+1)
	p.nodes, p.next = make([]*buffered, 0, n), g.next
	for len(p.nodes) < n {
		if p.next.node == len(g.made[p.next.block].nodes) {
			p.next = place{block: p.next.block + 1}
			continue
		}
		if b := &g.made[p.next.block].nodes[p.next.node]; !b.dead {
			p.nodes = append(p.nodes, b)
		}
		p.next.node++
	}
	if p.last = n == g.left; p.last {
		p.stale, p.from, p.version = g.stale, t.written, g.made[len(g.made)-1].version
	}
	return p
}

// apply takes in a commit that is durable, and wrote p.
func (t *treeBuffer) apply(height tree.Version, c tree.Change, p part) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.dying {
		t.forget(&t.dying[i])
	}
	switch g := t.closed; {
	case g == nil:
	case p.last:
		t.closed, t.written = nil, p.version
	default:
		g.next, g.left = p.next, g.left-len(p.nodes)
	}
	t.take(height, c)
	if t.closed == nil && (t.open.bytes >= t.most || uint64(len(t.open.made)) >= t.heights) {
		t.close()
	}
}

// take adds the change of a version to the open generation.
func (t *treeBuffer) take(height tree.Version, c tree.Change) {
	g, nodes := t.open, make([]buffered, len(c.New))
	for i := range c.New {
		nodes[i].Node = c.New[i]
		g.bytes += nodeBytes(c.New[i].Bytes)
	}
	g.live += len(nodes)
	for i := range c.Stale {
		k := &c.Stale[i]
		if b := g.find(k); b != nil {
			b.stale = true
			g.bytes -= nodeBytes(b.Bytes)
			g.live--
			continue
		}
		g.stale = append(g.stale, *k) // it is on the disk, or will be
		if b := t.closed.find(k); b != nil {
			b.stale = true
		}
	}
	g.made = append(g.made, made{height, nodes})
	t.dying = c.Stale
}

// nodeBytes is what a node takes in memory.
func nodeBytes(b []byte) int64 { return int64(len(b)) + 88 }

// forget drops a node that no reader comes for any more, unless it is still to be written.
func (t *treeBuffer) forget(k *tree.NodeKey) {
	if b := t.open.find(k); b != nil {
		b.Bytes = nil
	} else if b := t.closed.find(k); b != nil && b.dead {
		b.Bytes = nil
	}
}

// close ends the open generation.
func (t *treeBuffer) close() {
	g := t.open
	for i := range g.made {
		for j := range g.made[i].nodes {
			b := &g.made[i].nodes[j]
			b.dead = b.stale
		}
	}
	g.left = g.live
	t.closed, t.open = g, &generation{}
}

// lastWritten is the newest version of which a node may be on the disk or in the cache.
func (t *treeBuffer) lastWritten() tree.Version {
	if g := t.closed; g != nil {
		return g.made[len(g.made)-1].version
	}
	return t.written
}

// fresh gives those of a part that are not stale yet.
func (t *treeBuffer) fresh(p part) []tree.Node {
	t.mu.RLock()
	defer t.mu.RUnlock()
	out := make([]tree.Node, 0, len(p.nodes))
	for _, b := range p.nodes {
		if !b.stale {
			out = append(out, b.Node)
		}
	}
	return out
}
