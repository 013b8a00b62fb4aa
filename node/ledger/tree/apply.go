package tree

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"sort"
)

// Reader is the stored tree: the port through which this package reads nodes.
type Reader interface {
	// Get returns the node of a key. For a key that is not stored it returns an
	// error that is [ErrMissing].
	Get(key NodeKey) (*Node, error)
}

// Update sets the value hash of a key, or deletes the key.
type Update struct {
	Key       Hash
	ValueHash Hash // ignored when Delete is set
	Delete    bool // deleting a key that is absent changes nothing
}

// Change is what a batch does to the stored tree.
type Change struct {
	New   []*Node // to be stored; in the order of the encoded keys, so that the root is the first
	Stale []*Node // not needed by this version or later ones
}

// Apply computes the tree that results from applying updates to the tree at
// version base ([NoVersion] for the empty tree before the first batch), to be
// stored as version, and returns its root. It writes nothing.
//
// updates may be in any order and is not changed; of several updates of one key
// the last holds. The same base and updates give the same root, nodes and order
// everywhere. Apply fails with [ErrVersion] unless version comes after base, and
// otherwise only when r does or holds data that is [ErrCorrupt].
func Apply(r Reader, base, version Version, updates []Update) (Hash, Change, error) {
	return ApplyParts(r, base, version, updates, nil)
}

// ApplyParts is [Apply] in parts: the subtrees below the root, at most 16, which have nothing to do with each other. run calls do
// for each number below n, in any order, and at once if r bears it; when it returns all calls have. nil does them in turn. What
// comes of it is the same whatever run does. It pays for thousands of updates whose nodes have to be read.
func ApplyParts(r Reader, base, version Version, updates []Update, run func(n int, do func(i int))) (Hash, Change, error) {
	if version == NoVersion || base != NoVersion && version <= base {
		return Hash{}, Change{}, fmt.Errorf("apply version %d on %d: %w", version, base, ErrVersion)
	}
	a := applier{r: r, version: version, updates: updates}
	a.sort()
	root := a.scratch(0)
	if base != NoVersion {
		old, err := load(r, RootKey(base))
		if err != nil {
			return Hash{}, Change{}, fmt.Errorf("apply version %d: %w", version, err)
		}
		root.open(old)
		a.keep = old.keep
		a.stale = append(a.stale, old)
	}
	if err := a.spread(root, run); err != nil {
		return Hash{}, Change{}, fmt.Errorf("apply version %d: %w", version, err)
	}
	top := root.reduce()
	return top.hash, a.change(root.node(RootKey(version), a.keep)), nil
}

// spread applies the whole batch to the root, in parts if there is somebody to run them.
func (a *applier) spread(root *node, run func(n int, do func(i int))) error {
	if run == nil {
		_, err := a.node(root, 0, a.order)
		return err
	}
	type result struct {
		applier
		root    node
		changed bool
		err     error
	}
	shares := a.shares()
	results := make([]result, len(shares))
	run(len(shares), func(i int) {
		s := &results[i]
		s.applier, s.root = applier{r: a.r, version: a.version, updates: a.updates, keep: a.keep}, *root
		s.scratch(0) // the root has its depth
		s.changed, s.err = s.node(&s.root, 0, shares[i])
	})
	for i := range results {
		s := &results[i]
		if s.err != nil {
			return s.err
		}
		if !s.changed {
			continue
		}
		root.take(nibble(&a.at(shares[i][0]).Key, 0), &s.root)
		for depth, made := range s.made {
			a.made[depth] = append(a.made[depth], made...)
		}
		a.stale = append(a.stale, s.stale...)
	}
	return nil
}

// shares are the parts of the batch that pass through one slot of the root each.
func (a *applier) shares() (shares [][]ref) {
	for batch := a.order; len(batch) > 0; {
		end := sort.Search(len(batch), func(i int) bool { return batch[i].prefix>>60 > batch[0].prefix>>60 })
		shares = append(shares, batch[:end])
		batch = batch[end:]
	}
	return shares
}

// take sets a slot to what it became in other.
func (n *node) take(slot int, other *node) {
	c := &other.children[slot]
	switch other.kind(slot) {
	case empty:
		n.setEmpty(slot)
	case leaf:
		n.setLeaf(slot, &c.key, &c.value)
	case inner:
		n.setInner(slot, c.node, &c.hash)
	}
}

// applier carries one batch down the tree, depth first, so that one scratch node
// per depth is enough.
type applier struct {
	r       Reader
	version Version
	updates []Update
	order   []ref   // updates by key, one per key
	keep    Version // see [Node.Keep]
	nodes   []*node
	made    [maxDepth + 1][]*Node // by depth; within a depth by path
	stale   []*Node
}

// ref points to an update; sorting these is several times cheaper than sorting
// the updates.
type ref struct {
	prefix uint64 // first 8 bytes of the key
	index  int
}

func (a *applier) sort() {
	refs := make([]ref, len(a.updates))
	for i := range a.updates {
		refs[i] = ref{binary.BigEndian.Uint64(a.updates[i].Key[:]), i}
	}
	slices.SortFunc(refs, func(x, y ref) int {
		if x.prefix != y.prefix {
			return cmp.Compare(x.prefix, y.prefix)
		}
		if c := bytes.Compare(a.updates[x.index].Key[8:], a.updates[y.index].Key[8:]); c != 0 {
			return c
		}
		return x.index - y.index
	})
	kept := refs[:0]
	for i, x := range refs {
		if i+1 < len(refs) && refs[i+1].prefix == x.prefix && a.updates[refs[i+1].index].Key == a.updates[x.index].Key {
			continue // a later update of the same key holds
		}
		kept = append(kept, x)
	}
	a.order = kept
}

func (a *applier) at(x ref) *Update { return &a.updates[x.index] }

// scratch returns the empty scratch node of a depth.
func (a *applier) scratch(depth int) *node {
	if depth == len(a.nodes) {
		a.nodes = append(a.nodes, new(node))
	} else {
		a.nodes[depth].reset()
	}
	return a.nodes[depth]
}

// node applies batch, whose keys all pass through n, to n at depth, and says
// whether anything changed.
func (a *applier) node(n *node, depth int, batch []ref) (bool, error) {
	changed := false
	for len(batch) > 0 {
		slot, end := nibble(&a.at(batch[0]).Key, depth), 1
		for end < len(batch) && nibble(&a.at(batch[end]).Key, depth) == slot {
			end++
		}
		var did bool
		if end == 1 && n.kind(slot) != inner && (n.kind(slot) == empty || n.children[slot].key == a.at(batch[0]).Key) {
			did = n.set(slot, a.at(batch[0]))
		} else {
			var err error
			if did, err = a.below(n, slot, depth+1, batch[:end]); err != nil {
				return false, err
			}
		}
		changed = changed || did
		batch = batch[end:]
	}
	return changed, nil
}

// set applies u, the only update below slot, to a slot that is empty or the leaf
// of u's key, and says whether anything changed.
func (n *node) set(slot int, u *Update) bool {
	switch k := n.kind(slot); {
	case u.Delete && k == empty:
		return false
	case u.Delete:
		n.setEmpty(slot)
	case k == leaf && n.children[slot].value == u.ValueHash:
		return false
	default:
		n.setLeaf(slot, &u.Key, &u.ValueHash)
	}
	return true
}

// below applies batch, whose keys all pass through slot of parent, to the
// subtree in that slot, which lies below depth nibbles.
func (a *applier) below(parent *node, slot, depth int, batch []ref) (bool, error) {
	if depth > maxDepth {
		// 64 equal nibbles are equal keys, and a batch has one update a key.
		return false, fmt.Errorf("subtree below depth %d: %w", maxDepth, ErrCorrupt)
	}
	c, key := &parent.children[slot], &a.at(batch[0]).Key
	was := parent.kind(slot)
	n := a.scratch(depth)
	var old *Node
	switch was {
	case leaf:
		n.setLeaf(nibble(&c.key, depth), &c.key, &c.value)
	case inner:
		var err error
		if old = c.node; old == nil {
			if old, err = load(a.r, keyAt(c.version, depth, key)); err != nil {
				return false, err
			}
		}
		n.open(old)
	}
	changed, err := a.node(n, depth, batch)
	if !changed || err != nil {
		return false, err
	}
	if was == inner {
		a.stale = append(a.stale, old)
	}
	// A node left with one leaf or none is not stored: it is that leaf, or nothing.
	switch {
	case n.used == 0:
		parent.setEmpty(slot)
	case n.used == n.leaves && n.used&(n.used-1) == 0:
		only := &n.children[bits.TrailingZeros16(n.used)]
		parent.setLeaf(slot, &only.key, &only.value)
	default:
		top := n.reduce()
		made := n.node(keyAt(a.version, depth, key), a.keep)
		parent.setInner(slot, made, &top.hash)
		a.add(depth, made)
	}
	return true, nil
}

// add notes a node to store.
func (a *applier) add(depth int, n *Node) {
	if a.made[depth] == nil {
		// Each node lies above an update, and a depth has 16^depth places.
		most := len(a.order)
		if depth < 4 {
			most = min(most, 1<<(4*depth))
		}
		a.made[depth] = make([]*Node, 0, min(most, 4096))
	}
	a.made[depth] = append(a.made[depth], n)
}

// change collects the nodes in the order of their keys: by depth, then by path.
func (a *applier) change(root *Node) Change {
	total := 1
	for _, level := range a.made {
		total += len(level)
	}
	made := append(make([]*Node, 0, total), root)
	for _, level := range a.made {
		made = append(made, level...)
	}
	return Change{New: made, Stale: a.stale}
}

// load reads the node named by key.
func load(r Reader, key NodeKey) (*Node, error) {
	n, err := r.Get(key)
	if err != nil {
		return nil, fmt.Errorf("read tree node %v: %w", key, err)
	}
	return n, nil
}

// Root returns the root of a stored version. It fails with [ErrMissing] when the
// version is not stored.
func Root(r Reader, version Version) (Hash, error) {
	stored, err := load(r, RootKey(version))
	if err != nil {
		return Hash{}, err
	}
	n := new(node)
	n.open(stored)
	top := n.reduce()
	return top.hash, nil
}
