// Command bench compares posnet with CometBFT on one machine.
//
// It starts a network of posnet and a network of CometBFT in turn, A B A B A B, never both at once: real processes with
// real disks, all validators on loopback, on the same cores, under the same offered load. It prints one table with the
// median, the range and the ratio of each figure and, as the last line, one JSON object of the medians.
//
// # What is counted
//
// A transaction counts when it is in a block, and it is counted from the contents of the blocks, never from what was
// submitted. Throughput is of the measured window alone: the warm-up before it and what is still under way after it are
// left out. The time of a transaction runs from its sending to the moment the generator learns that the block with it is
// committed.
//
// # One round of one system
//
//	idle   200 transactions, each sent when the one before is committed
//	peak   as much as is taken (or --rate), for --warmup and then --duration
//	paced  half of the peak just measured, for a third of the duration
//
// Processor time and memory of the nodes are read from /proc while the load runs, disk from the blocks their directories
// occupy before and after it.
//
// # What the two do for a transaction
//
// They do not do the same, and the difference is in CometBFT's favour: its kvstore takes unsigned key=value pairs of 250
// bytes into a map in memory, without a state root. posnet's are signed transfers between accounts, each signature verified
// by every node, with state on disk and a root of it in every block.
package main
