package tree

import "math/bits"

// kind tells the three forms of a subtree apart. The compact rule looks at
// nothing else: one leaf stays a leaf however deep the position.
type kind uint8

const (
	empty kind = iota
	leaf
	inner
)

// child is one of the 16 subtrees below a node; the node knows of what kind.
type child struct {
	node    *Node   // inner: its node, if that is in memory
	version Version // inner: where its node is stored
	hash    Hash    // inner: its hash; leaf: its hash, if the node says so
	key     Hash    // leaf
	value   Hash    // leaf: the hash of its value
}

// node is a [Node] in the form Apply works on. It is large (2 KiB) and
// is meant to be reused. Slot i of a bit set is bit i, the lowest being slot 0.
type node struct {
	used     uint16 // slots that are not empty
	leaves   uint16 // slots that are leaves
	hashed   uint16 // leaves whose hash is computed
	known    uint8  // quarters that are inner subtrees with an up to date hash
	children [16]child
	quarter  [4]Hash // hashes of slots 0..3, 4..7, 8..11, 12..15
}

func (n *node) reset() { n.used, n.leaves, n.hashed, n.known = 0, 0, 0, 0 }

func (n *node) kind(slot int) kind {
	switch {
	case n.used>>slot&1 == 0:
		return empty
	case n.leaves>>slot&1 == 1:
		return leaf
	}
	return inner
}

// touch makes the quarter of a slot be hashed again.
func (n *node) touch(slot int) { n.known &^= 1 << (slot >> 2) }

func (n *node) setEmpty(slot int) {
	n.used &^= 1 << slot
	n.leaves &^= 1 << slot
	n.touch(slot)
}

func (n *node) setLeaf(slot int, key, value *Hash) {
	n.used |= 1 << slot
	n.leaves |= 1 << slot
	n.hashed &^= 1 << slot
	n.touch(slot)
	n.children[slot].key, n.children[slot].value = *key, *value
}

func (n *node) setInner(slot int, below *Node, hash *Hash) {
	n.used |= 1 << slot
	n.leaves &^= 1 << slot
	n.touch(slot)
	c := &n.children[slot]
	c.node, c.version, c.hash = below, below.key.Version, *hash
}

// open fills n from a node.
func (n *node) open(from *Node) {
	n.used, n.leaves, n.hashed, n.known = from.used, from.leaves, 0, from.inner()
	hashes, under := from.hashes, from.below
	for set := from.used; set != 0; set &= set - 1 {
		c := &n.children[bits.TrailingZeros16(set)]
		if from.leaves&(set&-set) != 0 {
			c.key, c.value = hashes[0], hashes[1]
			hashes = hashes[2:]
			continue
		}
		c.node, c.version, c.hash = under[0].node, under[0].version, hashes[0]
		hashes, under = hashes[1:], under[1:]
	}
	for set := n.known; set != 0; set &= set - 1 {
		n.quarter[bits.TrailingZeros8(set)] = hashes[0]
		hashes = hashes[1:]
	}
}

// node makes the node to keep of one whose hash has been computed. It leads in memory to those of its children whose versions
// are not below keep.
func (n *node) node(key NodeKey, keep Version) *Node {
	out := &Node{key: key, used: n.used, leaves: n.leaves}
	hashes, under := make([]Hash, hashCount(n.used, n.leaves)), make([]below, bits.OnesCount16(n.used&^n.leaves))
	out.hashes, out.below = hashes, under
	for set := n.used; set != 0; set &= set - 1 {
		c := &n.children[bits.TrailingZeros16(set)]
		if n.leaves&(set&-set) != 0 {
			hashes[0], hashes[1] = c.key, c.value
			hashes = hashes[2:]
			continue
		}
		hashes[0], under[0].version = c.hash, c.version
		if c.version >= keep {
			under[0].node = c.node
		}
		hashes, under = hashes[1:], under[1:]
	}
	for set := out.inner(); set != 0; set &= set - 1 {
		hashes[0] = n.quarter[bits.TrailingZeros8(set)]
		hashes = hashes[1:]
	}
	return out
}

// innerQuarters gives the quarters that are inner subtrees by [quarterKind], as a set of bits: those with an inner child, or with
// more than one. It looks at all four at once, four bits of a word each.
func innerQuarters(used, leaves uint16) uint8 {
	more := used & (used - someOf(used)) // without the lowest of each quarter
	q := someOf(more | used&^leaves)
	return uint8(q|q>>3|q>>6|q>>9) & 0xf
}

// someOf gives the lowest bit of each quarter that has any.
func someOf(set uint16) uint16 { return (set | set>>1 | set>>2 | set>>3) & 0x1111 }

// quarterKind applies the compact rule to four neighbouring slots.
func quarterKind(used, leaves uint16, q int) kind {
	u, l := used>>(4*q)&0xf, leaves>>(4*q)&0xf
	switch {
	case u == 0:
		return empty
	case u == l && u&(u-1) == 0:
		return leaf
	}
	return inner
}
