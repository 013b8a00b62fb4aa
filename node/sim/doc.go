// Package sim runs a whole network in one goroutine and one simulated time: the
// real consensus, ledger, pool, signer, write-ahead log and store, on a
// simulated clock, network and disks, all driven by one seed.
//
// The same [Config] gives the same run, to the byte of its trace hash. So a
// violation is a seed that anybody can replay, and a fixed bug is a seed that
// stays green.
//
// # What is real
//
// Everything a [replica.Replica] consists of. Disks are in memory and lose what
// was not synced when a node crashes; Pebble's background work runs on its own
// goroutines and decides nothing.
//
// # What is checked
//
// At every decision: no two blocks at a height, one state root for one block, a
// second set of books in big integers, and every draw and seed drawn again. At
// every message: no honest validator ever signs two different things for one
// slot, across all its crashes. At every piece of evidence: only who contradicted
// itself is accused. At every block: what queues hold is within their bounds. At
// every restart: whatever was final on the disk is there. When the faults have
// ended: the network goes on, within bounds of time and rounds.
package sim
