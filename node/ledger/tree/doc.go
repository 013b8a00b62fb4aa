// Package tree is an authenticated sparse Merkle tree that is updated once per
// block, in one batch. It commits to a set of (key, value hash) pairs with one
// 32-byte root, proves that a key is or is not in the set, and says which
// stored nodes a batch made and which it made stale, so that a store can keep
// recent versions and prune older ones.
//
// # The root
//
// The root is a function of the set alone; how nodes are stored has no part in
// it. Keys and value hashes are 32 bytes; keys should be outputs of a hash, so
// that the tree stays shallow. Read the bits of a key from the most significant
// bit of its first byte, and let S be the pairs whose keys begin with the bits
// of one position (at the top: all of them). The hash of that position is
//
//	32 zero bytes                                   if S is empty
//	SHA-256(0x00 ‖ key ‖ valueHash)                 if S holds exactly one pair
//	SHA-256(0x01 ‖ hash(next bit 0) ‖ hash(next bit 1))   otherwise
//
// so a subtree that holds exactly one leaf IS that leaf. This is the compact
// sparse Merkle rule of Diem (Z. Gao, Y. Hu, Q. Wu, "Jellyfish Merkle Tree",
// 2021). The prefixes 0x00 and 0x01 keep a leaf from ever being read as a node.
//
// # The stored nodes
//
// Four levels of bits make one stored node with up to 16 children. A node is
// stored under the version (block height) that made it and the path of nibbles
// that leads to it, and is never changed afterwards: a batch only adds nodes,
// under keys higher than all before them, which is the cheapest thing to ask of
// a log-structured store. The root node is stored at every version, changed or
// not, so a version is found by its number alone.
//
// In memory a node leads to those of its children that changed lately ([Node]), so that a batch asks its [Reader] only for what has
// rested, and the nodes of recent versions need no place where they are looked up.
//
// Two things differ from the paper. Leaves live inside the node above them
// instead of in records of their own, which halves the records written. And a
// node keeps the hashes of its four quarters, so that changing one child of a
// full node costs six hashes instead of fifteen.
//
// # Use
//
// [Apply] computes a [Change] and writes nothing; the caller stores Change.New,
// and remembers Change.Stale until nobody needs the version before. Several
// changes may be computed over one base (rival proposals of one height), but
// only one may be stored.
package tree
