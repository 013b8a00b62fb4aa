package tree

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// kind tells the three forms of a subtree apart. The compact rule looks at
// nothing else: one leaf stays a leaf however deep the position.
type kind uint8

const (
	empty kind = iota
	leaf
	inner
)

// child is one of the 16 subtrees below a node.
type child struct {
	kind    kind
	hashed  bool    // leaf: hash is computed
	version Version // inner: where its node is stored
	hash    Hash    // inner: its hash; leaf: its hash if hashed
	key     Hash    // leaf
	value   Hash    // leaf: the hash of its value
}

func (c *child) setLeaf(key, value *Hash) {
	c.kind, c.hashed = leaf, false
	c.key, c.value = *key, *value
}

// node is a stored node in the form Apply works on. It is large (2 KiB) and is
// meant to be reused.
type node struct {
	children [16]child
	quarter  [4]Hash // hashes of children 0..3, 4..7, 8..11, 12..15
	known    [4]bool // whether quarter[i] is up to date
}

func (n *node) reset() {
	for i := range n.children {
		n.children[i].kind = empty
	}
	n.known = [4]bool{}
}

// count returns the number of children and, when it is exactly one leaf, that
// leaf.
func (n *node) count() (int, *child) {
	count, last := 0, (*child)(nil)
	for i := range n.children {
		if n.children[i].kind != empty {
			count++
			last = &n.children[i]
		}
	}
	if count != 1 || last.kind != leaf {
		return count, nil
	}
	return count, last
}

// nodeFormat is the first byte of every stored node.
const nodeFormat = 1

// encode returns the stored form of a node whose hash has been computed:
//
//	format (1 byte) ‖ slots in use (16 bits, slot 0 lowest) ‖ slots that are leaves
//	per slot in use: key ‖ valueHash, or uvarint(version - child's version) ‖ hash
//	per quarter that is an inner subtree: its hash
func (n *node) encode(version Version) []byte {
	var used, leaves uint16
	size := 5
	for i := range n.children {
		switch c := &n.children[i]; c.kind {
		case leaf:
			used, leaves = used|1<<i, leaves|1<<i
			size += 64
		case inner:
			used |= 1 << i
			size += 32 + uvarintSize(version-c.version)
		}
	}
	for q := range 4 {
		if quarterKind(used, leaves, q) == inner {
			size += 32
		}
	}
	b := make([]byte, 0, size)
	b = append(b, nodeFormat)
	b = binary.BigEndian.AppendUint16(b, used)
	b = binary.BigEndian.AppendUint16(b, leaves)
	for i := range n.children {
		switch c := &n.children[i]; c.kind {
		case leaf:
			b = append(b, c.key[:]...)
			b = append(b, c.value[:]...)
		case inner:
			b = binary.AppendUvarint(b, version-c.version)
			b = append(b, c.hash[:]...)
		}
	}
	for q := range 4 {
		if quarterKind(used, leaves, q) == inner {
			b = append(b, n.quarter[q][:]...)
		}
	}
	return b
}

// decode fills n from the stored bytes of the node named by key.
func (n *node) decode(key NodeKey, b []byte) error {
	if len(b) < 5 || b[0] != nodeFormat {
		return fmt.Errorf("node %v: not a node of format %d: %w", key, nodeFormat, ErrCorrupt)
	}
	used, leaves := binary.BigEndian.Uint16(b[1:]), binary.BigEndian.Uint16(b[3:])
	if leaves&^used != 0 || key.Depth > 0 && (used == 0 || used == leaves && bits.OnesCount16(used) == 1) {
		return fmt.Errorf("node %v: slots %016b with leaves %016b cannot be: %w", key, used, leaves, ErrCorrupt)
	}
	b = b[5:]
	for i := range n.children {
		c := &n.children[i]
		switch {
		case used>>i&1 == 0:
			c.kind = empty
		case leaves>>i&1 == 1:
			if len(b) < 64 {
				return truncated(key)
			}
			c.setLeaf((*Hash)(b), (*Hash)(b[32:]))
			b = b[64:]
		default:
			age, size := binary.Uvarint(b)
			if size != uvarintSize(age) || len(b) < size+32 || age > key.Version {
				return truncated(key)
			}
			c.kind, c.version, c.hash = inner, key.Version-age, Hash(b[size:size+32])
			b = b[size+32:]
		}
	}
	for q := range 4 {
		n.known[q] = quarterKind(used, leaves, q) == inner
		if n.known[q] {
			if len(b) < 32 {
				return truncated(key)
			}
			n.quarter[q] = Hash(b[:32])
			b = b[32:]
		}
	}
	if len(b) != 0 {
		return fmt.Errorf("node %v: %d bytes too many: %w", key, len(b), ErrCorrupt)
	}
	return nil
}

func truncated(key NodeKey) error {
	return fmt.Errorf("node %v: bytes end early: %w", key, ErrCorrupt)
}

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

func uvarintSize(v uint64) int {
	return (bits.Len64(v|1) + 6) / 7
}
