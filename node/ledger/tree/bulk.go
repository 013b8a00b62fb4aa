package tree

import (
	"bytes"
	"fmt"
	"math/bits"
)

// Builder makes the whole tree of one version from all its leaves, given in ascending order of their keys, in one pass and
// with one node a depth in memory: what a node does that takes over a state which it did not compute. The nodes and the root
// are those that [Apply] would make of the same leaves on the empty tree.
type Builder struct {
	version Version
	emit    func(*Node) error
	nodes   []*node // those that are open, by depth: the leaf before lies below all of them
	open    int     // the depth of the deepest of them
	key     Hash    // of the leaf before, which is not placed yet: how deep it lies depends on the next one
	value   Hash
	any     bool // there is one
	err     error
}

// NewBuilder makes a Builder whose nodes are to be stored as version. emit is given every node, those of one depth in the
// order of their paths and the root last. An error of it ends the building.
func NewBuilder(version Version, emit func(*Node) error) *Builder {
	return &Builder{version: version, emit: emit, nodes: []*node{new(node)}}
}

// Add adds the next leaf. It fails with [ErrVersion] for [NoVersion], with an error of emit, or when key is not above the one
// before.
func (b *Builder) Add(key, valueHash Hash) error {
	switch {
	case b.err != nil:
		return b.err
	case b.version == NoVersion:
		b.err = fmt.Errorf("build a tree without a version: %w", ErrVersion)
		return b.err
	}
	if b.any {
		shared := sharedNibbles(&b.key, &key)
		if shared > maxDepth || bytes.Compare(key[:], b.key[:]) < 0 {
			b.err = fmt.Errorf("build a tree: leaf %x does not come after %x", key[:4], b.key[:4])
			return b.err
		}
		if b.err = b.place(shared); b.err != nil {
			return b.err
		}
	}
	b.key, b.value, b.any = key, valueHash, true
	return nil
}

// Finish ends the tree and returns its root. The Builder is of no use afterwards.
func (b *Builder) Finish() (Hash, error) {
	if b.err == nil && b.version == NoVersion {
		b.err = fmt.Errorf("build a tree without a version: %w", ErrVersion)
	}
	if b.err == nil && b.any {
		b.err = b.place(0)
	}
	if b.err != nil {
		return Hash{}, b.err
	}
	b.err = errFinished
	root := b.nodes[0]
	top := root.reduce()
	return top.hash, b.emit(root.node(RootKey(b.version), NoVersion))
}

var errFinished = fmt.Errorf("the tree is finished already: %w", ErrVersion)

// place puts the leaf that waits into the tree, now that it is known how many nibbles it shares with the next one, and ends
// the nodes that the next one is not below.
func (b *Builder) place(shared int) error {
	for b.open < shared {
		b.open++
		if b.open == len(b.nodes) {
			b.nodes = append(b.nodes, new(node))
		} else {
			b.nodes[b.open].reset()
		}
	}
	b.nodes[b.open].setLeaf(nibble(&b.key, b.open), &b.key, &b.value)
	for b.open > shared {
		n := b.nodes[b.open]
		top := n.reduce()
		made := n.node(keyAt(b.version, b.open, &b.key), NoVersion)
		if err := b.emit(made); err != nil {
			return err
		}
		b.open--
		b.nodes[b.open].setInner(nibble(&b.key, b.open), made, &top.hash)
	}
	return nil
}

// sharedNibbles is how many nibbles two keys begin with alike; 64 when they are the same.
func sharedNibbles(a, b *Hash) int {
	for i := range a {
		if x := a[i] ^ b[i]; x != 0 {
			return 2*i + bits.LeadingZeros8(x)/4
		}
	}
	return 2 * len(a)
}
