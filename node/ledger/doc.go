// Package ledger applies blocks to the state of a chain: balances, validators,
// bonds, seeds, parameters and the validator sets of the next heights.
//
// # Pure
//
// [Apply] reads the state through two small ports (values, and the nodes of
// the authenticated tree) and returns an [Outcome]: what to write, and the
// roots the header must carry. It writes nothing itself, so executing a block
// that is never decided leaves no trace.
//
// # In a block means applied
//
// A transaction that cannot be applied makes the block invalid. There are no
// failed transactions on the chain: whoever sees one in a block may rely on it.
//
// # What is authenticated
//
// Every value has a key ([AccountKey], [ValidatorKey], …). The leaf of the
// sparse Merkle tree is SHA-256(key) -> SHA-256(value); the root of the tree
// after a block is the header's state root. The seed and the coming validator
// sets are values like any other, so a state that matches its root is enough
// to go on from.
package ledger
