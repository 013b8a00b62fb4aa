// Package comet measures a network of CometBFT: real processes of its own binary with its built-in kvstore.
//
// The load is unsigned key=value transactions of 250 bytes, sent in JSON-RPC batches of broadcast_tx_async over two
// connections to every node, and kept so far ahead of the chain that the chain is never short of work: 10,000 transactions
// are under way at any time, and a node whose mempool is full is left alone for a moment. A transaction's number is in its
// key, so that it is found again in the block.
//
// During the load only one small event a block is received, at the first node, with the height and the number of
// transactions; its arrival is when the block is seen as committed. The blocks themselves are read when the load is over,
// so that counting costs the network nothing while it is measured.
//
// [Tuned] is CometBFT made fast; [Default] is as it comes, with only the addresses changed.
package comet
