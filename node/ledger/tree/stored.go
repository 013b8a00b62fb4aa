package tree

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Node is a node of a version, in memory. What it says never changes, and all versions that have it share it. It leads to those
// of its children that were in memory when it was made, so that Apply finds what lately changed without asking for it.
type Node struct {
	key      NodeKey
	used     uint16 // slots that are not empty
	leaves   uint16 // slots that are leaves
	replaced bool
	keep     Version
	// hashes are those of the children that are not empty, in their order: of a leaf its key and the hash of its value, of an inner
	// one its hash; then those of the quarters that are inner subtrees. There is no pointer in them to look for.
	hashes []Hash
	below  []below // the children that are inner, in their order
}

// below is a child that has a node of its own.
type below struct {
	version Version // where it is stored
	node    *Node   // or nil
}

// nodeOverhead and belowSize are the bytes in memory of a node without children, and of what leads to one.
const (
	nodeOverhead = 112
	belowSize    = 16
)

// Key names the node.
func (n *Node) Key() NodeKey { return n.key }

// Size is about how many bytes of memory the node takes, without those it leads to.
func (n *Node) Size() int64 {
	return nodeOverhead + int64(len(Hash{}))*int64(len(n.hashes)) + belowSize*int64(len(n.below))
}

// Replace notes that a later version has another node in this place, for whoever stores nodes: [Node.Replaced]. The tree does
// not look at it. It is not safe for concurrent use.
func (n *Node) Replace() { n.replaced = true }

// Replaced says whether Replace was called.
func (n *Node) Replaced() bool { return n.replaced }

// Keep says of the root of a version how far back those nodes lead in memory that Apply makes on it: to children of this version
// and later ones, and all others can be read. At first that is 0. It is to be called before anybody else has the root.
func (n *Node) Keep(from Version) { n.keep = from }

// inner gives the quarters that are inner subtrees, as a set of bits.
func (n *Node) inner() uint8 { return innerQuarters(n.used, n.leaves) }

// hashCount is how many hashes a node with these slots keeps.
func hashCount(used, leaves uint16) int {
	return bits.OnesCount16(used) + bits.OnesCount16(leaves) + bits.OnesCount8(innerQuarters(used, leaves))
}

// nodeFormat is the first byte of every stored node.
const nodeFormat = 1

// AppendTo appends the stored form of a node:
//
//	format (1 byte) ‖ slots in use (16 bits, slot 0 lowest) ‖ slots that are leaves
//	per slot in use: key ‖ valueHash, or uvarint(version - child's version) ‖ hash
//	per quarter that is an inner subtree: its hash
//
// It has a few bytes to 1.2 KiB.
func (n *Node) AppendTo(b []byte) []byte {
	b = append(b, nodeFormat)
	b = binary.BigEndian.AppendUint16(b, n.used)
	b = binary.BigEndian.AppendUint16(b, n.leaves)
	hashes, under := n.hashes, n.below
	for set := n.used; set != 0; set &= set - 1 {
		if n.leaves&(set&-set) != 0 {
			b = append(append(b, hashes[0][:]...), hashes[1][:]...)
			hashes = hashes[2:]
			continue
		}
		b = binary.AppendUvarint(b, n.key.Version-under[0].version)
		b = append(b, hashes[0][:]...)
		hashes, under = hashes[1:], under[1:]
	}
	for i := range hashes {
		b = append(b, hashes[i][:]...)
	}
	return b
}

// Decode reads the stored bytes of the node named by key, and keeps nothing of them. It fails with [ErrCorrupt] on anything that
// AppendTo cannot have written.
func Decode(key NodeKey, b []byte) (*Node, error) {
	if len(b) < 5 || b[0] != nodeFormat {
		return nil, fmt.Errorf("node %v: not a node of format %d: %w", key, nodeFormat, ErrCorrupt)
	}
	n := &Node{key: key, used: binary.BigEndian.Uint16(b[1:]), leaves: binary.BigEndian.Uint16(b[3:])}
	if n.leaves&^n.used != 0 || key.Depth > 0 && (n.used == 0 || n.used == n.leaves && n.used&(n.used-1) == 0) {
		return nil, fmt.Errorf("node %v: slots %016b with leaves %016b cannot be: %w", key, n.used, n.leaves, ErrCorrupt)
	}
	b = b[5:]
	if len(b) < 33*bits.OnesCount16(n.used) {
		return nil, truncated(key)
	}
	n.hashes = make([]Hash, 0, hashCount(n.used, n.leaves))
	n.below = make([]below, 0, bits.OnesCount16(n.used&^n.leaves))
	for set := n.used; set != 0; set &= set - 1 {
		if n.leaves&(set&-set) != 0 {
			if len(b) < 64 {
				return nil, truncated(key)
			}
			n.hashes = append(n.hashes, Hash(b[:32]), Hash(b[32:64]))
			b = b[64:]
			continue
		}
		age, size := binary.Uvarint(b)
		if size != uvarintSize(age) || len(b) < size+32 || age > key.Version {
			return nil, truncated(key)
		}
		n.hashes, n.below = append(n.hashes, Hash(b[size:size+32])), append(n.below, below{version: key.Version - age})
		b = b[size+32:]
	}
	for len(n.hashes) < cap(n.hashes) {
		if len(b) < 32 {
			return nil, truncated(key)
		}
		n.hashes = append(n.hashes, Hash(b[:32]))
		b = b[32:]
	}
	if len(b) != 0 {
		return nil, fmt.Errorf("node %v: %d bytes too many: %w", key, len(b), ErrCorrupt)
	}
	return n, nil
}

func truncated(key NodeKey) error {
	return fmt.Errorf("node %v: bytes end early: %w", key, ErrCorrupt)
}

func uvarintSize(v uint64) int {
	return (bits.Len64(v|1) + 6) / 7
}
