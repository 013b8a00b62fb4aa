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

// generation is what some blocks made.
type generation struct {
	first   tree.Version
	nodes   map[tree.NodeKey][]byte
	bytes   int64
	stale   []tree.NodeKey // of older generations, which it replaced
	version tree.Version   // the last; set when it is closed
	order   []tree.Node    // what to write, by key; set when it is closed
	next    int            // what of it to write next
}

func newTreeBuffer(opts *Options) *treeBuffer {
	return &treeBuffer{most: opts.TreeBufferBytes, heights: opts.TreeBufferHeights, open: newGeneration()}
}

func newGeneration() *generation { return &generation{nodes: map[tree.NodeKey][]byte{}} }

func (t *treeBuffer) get(key tree.NodeKey) ([]byte, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if key.Version <= t.written {
		return nil, false
	}
	if b, ok := t.open.nodes[key]; ok {
		return b, true
	}
	if t.closed == nil {
		return nil, false
	}
	b, ok := t.closed.nodes[key]
	return b, ok
}

// part is what of a closed generation one commit writes.
type part struct {
	nodes   []tree.Node
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
	n := min(len(g.order)-g.next, len(g.order)/partsOfGeneration+1)
	p.nodes = g.order[g.next : g.next+n]
	if p.last = g.next+n == len(g.order); p.last {
		p.stale, p.from, p.version = g.stale, t.written, g.version
	}
	return p
}

// apply takes in a commit that is durable, and wrote p.
func (t *treeBuffer) apply(height tree.Version, c tree.Change, p part) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, k := range t.dying {
		t.forget(k)
	}
	t.dying = nil
	switch g := t.closed; {
	case g == nil:
	case p.last:
		t.closed, t.written = nil, g.version
	default:
		g.next += len(p.nodes)
	}
	t.take(height, c)
	if t.closed == nil && (t.open.bytes >= t.most || height-t.open.first+1 >= t.heights) {
		t.close(height)
	}
}

// take adds the change of a version to the open generation.
func (t *treeBuffer) take(height tree.Version, c tree.Change) {
	if len(t.open.nodes) == 0 {
		t.open.first = height
	}
	for _, n := range c.New {
		t.open.nodes[n.Key] = n.Bytes
		t.open.bytes += int64(len(n.Bytes)) + nodeOverhead
	}
	for _, k := range c.Stale {
		if k.Version < t.open.first {
			t.open.stale = append(t.open.stale, k) // it is on the disk, or will be
		} else {
			t.open.bytes -= int64(len(t.open.nodes[k])) + nodeOverhead
		}
	}
	t.dying = c.Stale
}

// forget drops a node that no reader comes for any more. Of a closed generation it stays among what is written.
func (t *treeBuffer) forget(k tree.NodeKey) {
	delete(t.open.nodes, k)
	if t.closed != nil {
		delete(t.closed.nodes, k)
	}
}

// close ends the open generation with a version.
func (t *treeBuffer) close(height tree.Version) {
	g := t.open
	stale := make(map[tree.NodeKey]bool, len(t.dying))
	for _, k := range t.dying {
		stale[k] = true
	}
	g.version, g.order = height, make([]tree.Node, 0, len(g.nodes))
	for k, b := range g.nodes {
		if !stale[k] {
			g.order = append(g.order, tree.Node{Key: k, Bytes: b})
		}
	}
	slices.SortFunc(g.order, func(a, b tree.Node) int {
		return cmp.Or(cmp.Compare(a.Key.Version, b.Key.Version), cmp.Compare(a.Key.Depth, b.Key.Depth), bytes.Compare(a.Key.Path[:], b.Key.Path[:]))
	})
	t.closed, t.open = g, newGeneration()
}

// lastWritten is the newest version of which a node may be on the disk or in the cache.
func (t *treeBuffer) lastWritten() tree.Version {
	if t.closed != nil {
		return t.closed.version
	}
	return t.written
}

// fresh gives those of a part that are not stale yet.
func (t *treeBuffer) fresh(p part) []tree.Node {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var out []tree.Node
	for _, n := range p.nodes {
		if _, ok := t.closed.nodes[n.Key]; ok {
			out = append(out, n)
		}
	}
	return out
}
