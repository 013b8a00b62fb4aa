package store

import (
	"slices"
	"sync"

	"github.com/posnet/posnet/node/ledger/tree"
)

// treeBuffer holds the state tree in memory, as far as it changed lately: the root of the tip, which leads to the nodes of recent
// versions ([tree.Node]). Older ones are read from the disk.
//
// It also says which nodes are written when. Each block replaces the nodes above the accounts it touches, which is most of
// what a block would write, and the next block replaces many of them again: only what is left of a whole generation of blocks is
// written, and in parts, each within the commit of a later block. What is lost of it in a crash is made again when the store
// opens, from the newest version that is whole on the disk and the keys that changed since ([Store.recoverTree]).
type treeBuffer struct {
	most    int64  // bytes of a generation after which the next begins
	heights uint64 // and heights
	toFiles int64  // bytes from which on one is written to files

	// Commits only, of which there is one at a time.
	written tree.Version // the newest version that is whole on the disk
	open    *generation
	closed  *generation // is being written; nil: nothing is
	memory  memory

	mu    sync.RWMutex
	roots [2]*tree.Node // of the tip, and of the version before it
	whole tree.Version  // written, for everybody
}

// generation is what some blocks made, one after the other.
type generation struct {
	nodes    []*tree.Node // in the order of their keys
	replaced int          // how many of nodes later blocks of the generation replaced: they are never written
	bytes    int64        // of the others
	heights  uint64
	last     tree.Version
	stale    []tree.NodeKey // of older generations, which it replaced
	next     int            // of a closed generation: the first of nodes that is not written
	each     int            // and how many a commit writes
	remade   bool           // it has what a start made again of versions that a crash had cut off
	files    bool           // it is written to files of its own, not within commits
	taken    bool           // and the database has taken them in
}

func newTreeBuffer(opts *Options) *treeBuffer {
	return &treeBuffer{most: opts.TreeBufferBytes, heights: opts.TreeBufferHeights, toFiles: opts.TreeFileBytes, open: &generation{}, memory: memory{most: opts.TreeCacheBytes}}
}

// root returns the root of a version, nil if it is not in memory.
func (t *treeBuffer) root(version tree.Version) *tree.Node {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, n := range t.roots {
		if n != nil && n.Key().Version == version {
			return n
		}
	}
	return nil
}

// part is what of a closed generation one commit writes.
type part struct {
	nodes   []*tree.Node
	last    bool
	stale   []tree.NodeKey // of last: since version
	from    tree.Version   // of last: the version that was whole before
	version tree.Version
}

// A generation is written by a quarter as many commits as made it, so that none of them has much more to write than others and
// it is done long before the next one is closed.
const (
	blocksPerPart     = 4
	partsOfGeneration = 4 // at least
)

// part gives what the next commit writes. It changes nothing: the commit may fail.
func (t *treeBuffer) part() (p part) {
	g := t.closed
	if g == nil || g.files && !g.taken {
		return p
	}
	n := min(g.each, len(g.nodes)-g.next)
	p.nodes = g.nodes[g.next : g.next+n]
	if p.last = g.next+n == len(g.nodes); p.last {
		p.stale, p.from, p.version = g.stale, t.written, g.last
	}
	return p
}

// toFile gives what of a closed generation goes to its files next, and whether that is the last of it.
func (t *treeBuffer) toFile() (nodes []*tree.Node, last bool) {
	g := t.closed
	if g == nil || !g.files || g.taken {
		return nil, false
	}
	end := min(g.next+g.each, len(g.nodes))
	return g.nodes[g.next:end], end == len(g.nodes)
}

// inFile takes note that the next n nodes are in files and, with the last, that the database has them: the next commit says so.
func (t *treeBuffer) inFile(n int, last bool) {
	t.closed.next += n
	t.closed.taken = last
}

// apply takes in a commit that is durable, and wrote p.
func (t *treeBuffer) apply(height tree.Version, c tree.Change, p part) {
	t.wrote(p)
	t.take(height, c)
	if t.closed == nil && (t.open.bytes >= t.most || t.open.heights >= t.heights) {
		t.close()
	}
	t.publish(c.New[0])
}

// wrote takes note that p is durable.
func (t *treeBuffer) wrote(p part) {
	switch {
	case p.last:
		t.closed, t.written = nil, p.version
	case t.closed != nil:
		t.closed.next += len(p.nodes)
	}
}

// rest gives all of the oldest generation that is not written yet, whether it is full or not; false: there is none.
func (t *treeBuffer) rest() (p part, more bool) {
	if t.closed == nil {
		if t.open.heights == 0 {
			return p, false
		}
		t.close()
	}
	t.closed.each = len(t.closed.nodes)
	return t.part(), true
}

// recovered takes in what the blocks above a written version changed, all at once. They count as the blocks they are: a node
// that starts again and again, before a generation is full, must write one all the same, or would have more to make each
// time. If it did not even come to write all parts, the next commit writes them together.
func (t *treeBuffer) recovered(height, written tree.Version, c tree.Change) {
	blocks := height - written
	t.open.heights, t.open.remade = blocks-1, true
	t.apply(height, c, part{})
	if t.closed != nil && blocks > generationsInMemory*t.heights+partsOfGeneration {
		t.closed.each = len(t.closed.nodes)
	}
}

// generationsInMemory is how many generations are in memory at most: the open one, and one that is being written.
const generationsInMemory = 2

// begin takes in a version that is whole on the disk.
func (t *treeBuffer) begin(height tree.Version, c tree.Change) {
	t.written = height
	t.memory.take(height, c)
	t.publish(c.New[0])
}

// publish makes a root that of the tip.
func (t *treeBuffer) publish(root *tree.Node) {
	t.memory.trim(t.written)
	root.Keep(t.memory.from)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.roots, t.whole = [2]*tree.Node{root, t.roots[0]}, t.written
}

// wholeVersion is the newest version that is whole on the disk; its record of what is stale is there too.
func (t *treeBuffer) wholeVersion() tree.Version {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.whole
}

// take adds the change of a version to the open generation.
func (t *treeBuffer) take(height tree.Version, c tree.Change) {
	g, first := t.open, t.unwritten()
	for _, n := range c.New {
		g.bytes += n.Size()
	}
	for _, n := range c.Stale {
		if n.Key().Version >= first { // of this generation
			n.Replace()
			g.bytes -= n.Size()
			g.replaced++
			continue
		}
		g.stale = append(g.stale, n.Key()) // it is on the disk, or will be
	}
	g.nodes = append(g.nodes, c.New...)
	g.last, g.heights = height, g.heights+1
	if g.replaced > len(g.nodes)/2 {
		g.compact()
	}
	t.memory.take(height, c)
}

// unwritten is the first version of the open generation.
func (t *treeBuffer) unwritten() tree.Version {
	if t.closed != nil {
		return t.closed.last + 1
	}
	return t.written + 1
}

// compact lets go of the nodes that were replaced.
func (g *generation) compact() {
	g.nodes = slices.DeleteFunc(g.nodes, (*tree.Node).Replaced)
	g.replaced = 0
}

// close ends the open generation.
func (t *treeBuffer) close() {
	g := t.open
	g.compact()
	parts := max(partsOfGeneration, int(g.heights/blocksPerPart))
	g.each = len(g.nodes)/parts + 1
	// What is made again has the version of nodes that the next commit deletes. In a file it would overlap with that deletion: the
	// database would put the file above it, and begin a new log for that, which it cannot give up when the disk fails.
	g.files = len(g.nodes) > 0 && g.bytes >= t.toFiles && !g.remade
	t.closed, t.open = g, &generation{}
}

// memory decides from which version on nodes stay in memory. It counts what is left of each version: the oldest go first, those
// that did not change for longest.
type memory struct {
	most     int64 // bytes; what is not on the disk yet stays beyond that
	from     tree.Version
	versions []versionBytes // from from on, ascending
	bytes    int64          // of all of them
	none     int            // versions of which nothing is left
}

type versionBytes struct {
	version tree.Version
	bytes   int64
}

func (m *memory) take(height tree.Version, c tree.Change) {
	v := versionBytes{version: height}
	for _, n := range c.New {
		v.bytes += n.Size()
	}
	for _, n := range c.Stale {
		m.forget(n)
	}
	m.versions = append(m.versions, v)
	m.bytes += v.bytes
	if m.none > len(m.versions)/2 {
		m.versions = slices.DeleteFunc(m.versions, func(v versionBytes) bool { return v.bytes == 0 })
		m.none = 0
	}
}

// forget counts off a node that was replaced.
func (m *memory) forget(n *tree.Node) {
	version := n.Key().Version
	if version < m.from {
		return // it was read from the disk
	}
	i, there := slices.BinarySearchFunc(m.versions, version, func(v versionBytes, at tree.Version) int {
		switch {
		case v.version < at:
			return -1
		case v.version > at:
			return 1
		}
		return 0
	})
	if !there {
		return
	}
	v := &m.versions[i]
	v.bytes -= n.Size()
	m.bytes -= n.Size()
	if v.bytes == 0 {
		m.none++
	}
}

// trim lets go of the oldest versions that are on the disk, until what is left is little enough.
func (m *memory) trim(written tree.Version) {
	n := 0
	for ; n < len(m.versions) && m.bytes > m.most && m.versions[n].version <= written; n++ {
		m.bytes -= m.versions[n].bytes
		if m.versions[n].bytes == 0 {
			m.none--
		}
		m.from = m.versions[n].version + 1
	}
	m.versions = m.versions[n:]
}
