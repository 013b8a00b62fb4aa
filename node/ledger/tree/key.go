package tree

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// Version is the block height whose batch made a node. Versions of one tree
// only grow; they need not be consecutive.
type Version = uint64

// NoVersion is the base of the first batch: the tree before it is empty and
// nothing of it is stored.
const NoVersion Version = 1<<64 - 1

// maxDepth is the number of nibbles above the deepest possible node: two
// different keys part at their 64th nibble at the latest.
const maxDepth = 63

// MaxNodeKeySize is the largest encoding of a [NodeKey], in bytes.
const MaxNodeKeySize = 8 + 1 + 32

// NodeKey names a stored node: the version that made it, and the first Depth
// nibbles of the keys below it. Unused bits of Path are zero, so a NodeKey may
// be compared with == and used as a map key.
type NodeKey struct {
	Version Version
	Path    Hash
	Depth   uint8 // nibbles of Path in use, at most 63
}

// RootKey is the key of the root node of a version.
func RootKey(version Version) NodeKey { return NodeKey{Version: version} }

// keyAt is the key of the node that lies depth nibbles above key.
func keyAt(version Version, depth int, key *Hash) NodeKey {
	k := NodeKey{Version: version, Depth: uint8(depth)}
	n := copy(k.Path[:depth>>1], key[:])
	if depth&1 == 1 {
		k.Path[n] = key[n] & 0xf0
	}
	return k
}

// AppendTo appends the encoding of k to dst: the version as 8 bytes big-endian,
// the depth as one byte, then the nibbles, two a byte, the last half byte zero
// when the depth is odd. Encodings sort by version, then depth, then path, which
// is the order of [Change].New.
func (k NodeKey) AppendTo(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, k.Version)
	dst = append(dst, k.Depth)
	return append(dst, k.Path[:(int(k.Depth)+1)>>1]...)
}

// ParseNodeKey reads what AppendTo wrote and returns the bytes after it. It
// fails with [ErrCorrupt] on anything AppendTo cannot have written.
func ParseNodeKey(b []byte) (k NodeKey, rest []byte, err error) {
	if len(b) < 9 {
		return k, nil, fmt.Errorf("node key of %d bytes: %w", len(b), ErrCorrupt)
	}
	k.Version, k.Depth = binary.BigEndian.Uint64(b), b[8]
	n := (int(k.Depth) + 1) >> 1
	b = b[9:]
	if k.Depth > maxDepth || len(b) < n {
		return NodeKey{}, nil, fmt.Errorf("node key of depth %d with %d bytes of path: %w", k.Depth, len(b), ErrCorrupt)
	}
	copy(k.Path[:n], b)
	if k.Depth&1 == 1 && k.Path[n-1]&0x0f != 0 {
		return NodeKey{}, nil, fmt.Errorf("node key with a path longer than its depth %d: %w", k.Depth, ErrCorrupt)
	}
	return k, b[n:], nil
}

// String gives the version and the path in hexadecimal, a digit a nibble.
func (k NodeKey) String() string {
	return fmt.Sprintf("%d/%s", k.Version, hex.EncodeToString(k.Path[:])[:k.Depth])
}
