package tree

import "crypto/sha256"

// Hash is a 32-byte SHA-256 output: a key, the hash of a value, or the hash of
// a subtree.
type Hash = [32]byte

// Empty is the hash of a subtree without leaves, and the root of an empty tree.
var Empty Hash

const (
	leafPrefix  = 0x00
	innerPrefix = 0x01
)

func hashLeaf(key, valueHash *Hash) Hash {
	var buf [65]byte
	buf[0] = leafPrefix
	copy(buf[1:33], key[:])
	copy(buf[33:], valueHash[:])
	return sha256.Sum256(buf[:])
}

func hashInner(left, right *Hash) Hash {
	var buf [65]byte
	buf[0] = innerPrefix
	copy(buf[1:33], left[:])
	copy(buf[33:], right[:])
	return sha256.Sum256(buf[:])
}

// bit returns bit i of key, the most significant bit of the first byte being 0.
func bit(key *Hash, i int) byte {
	return key[i>>3] >> (7 - i&7) & 1
}

// nibble returns nibble i of key, the high half of the first byte being 0.
func nibble(key *Hash, i int) int {
	if i&1 == 0 {
		return int(key[i>>1] >> 4)
	}
	return int(key[i>>1] & 0x0f)
}
