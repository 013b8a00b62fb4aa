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

// child is one of the 16 subtrees below a node; the node knows of what kind.
type child struct {
	version Version // inner: where its node is stored
	hash    Hash    // inner: its hash; leaf: its hash, if the node says so
	key     Hash    // leaf
	value   Hash    // leaf: the hash of its value
}

// node is a stored node in the form Apply works on. It is large (1.8 KiB) and
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

func (n *node) setInner(slot int, version Version, hash *Hash) {
	n.used |= 1 << slot
	n.leaves &^= 1 << slot
	n.touch(slot)
	n.children[slot].version, n.children[slot].hash = version, *hash
}

// nodeFormat is the first byte of every stored node.
const nodeFormat = 1

// encode returns the stored form of a node whose hash has been computed:
//
//	format (1 byte) ‖ slots in use (16 bits, slot 0 lowest) ‖ slots that are leaves
//	per slot in use: key ‖ valueHash, or uvarint(version - child's version) ‖ hash
//	per quarter that is an inner subtree: its hash
func (n *node) encode(version Version) []byte {
	size := 5 + 64*bits.OnesCount16(n.leaves)
	for set := n.used &^ n.leaves; set != 0; set &= set - 1 {
		size += 32 + uvarintSize(version-n.children[bits.TrailingZeros16(set)].version)
	}
	for q := range 4 {
		if quarterKind(n.used, n.leaves, q) == inner {
			size += 32
		}
	}
	b := make([]byte, 0, size)
	b = append(b, nodeFormat)
	b = binary.BigEndian.AppendUint16(b, n.used)
	b = binary.BigEndian.AppendUint16(b, n.leaves)
	for set := n.used; set != 0; set &= set - 1 {
		slot := bits.TrailingZeros16(set)
		c := &n.children[slot]
		if n.leaves>>slot&1 == 1 {
			b = append(b, c.key[:]...)
			b = append(b, c.value[:]...)
		} else {
			b = binary.AppendUvarint(b, version-c.version)
			b = append(b, c.hash[:]...)
		}
	}
	for q := range 4 {
		if quarterKind(n.used, n.leaves, q) == inner {
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
	n.reset()
	used, leaves := binary.BigEndian.Uint16(b[1:]), binary.BigEndian.Uint16(b[3:])
	if leaves&^used != 0 || key.Depth > 0 && (used == 0 || used == leaves && used&(used-1) == 0) {
		return fmt.Errorf("node %v: slots %016b with leaves %016b cannot be: %w", key, used, leaves, ErrCorrupt)
	}
	b = b[5:]
	for set := used; set != 0; set &= set - 1 {
		slot := bits.TrailingZeros16(set)
		c := &n.children[slot]
		if leaves>>slot&1 == 1 {
			if len(b) < 64 {
				return truncated(key)
			}
			c.key, c.value = Hash(b[:32]), Hash(b[32:64])
			b = b[64:]
			continue
		}
		age, size := binary.Uvarint(b)
		if size != uvarintSize(age) || len(b) < size+32 || age > key.Version {
			return truncated(key)
		}
		c.version, c.hash = key.Version-age, Hash(b[size:size+32])
		b = b[size+32:]
	}
	for q := range 4 {
		if quarterKind(used, leaves, q) == inner {
			if len(b) < 32 {
				return truncated(key)
			}
			n.quarter[q], n.known = Hash(b[:32]), n.known|1<<q
			b = b[32:]
		}
	}
	if len(b) != 0 {
		return fmt.Errorf("node %v: %d bytes too many: %w", key, len(b), ErrCorrupt)
	}
	n.used, n.leaves = used, leaves
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
