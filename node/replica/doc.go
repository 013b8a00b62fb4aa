// Package replica is one member of a chain: it drives the consensus core, the
// ledger, the pool, the signer, the write-ahead log and the store, and turns
// the effects of the one into calls of the others.
//
// # One goroutine, no clock
//
// A [Replica] is not for concurrent use and starts no goroutine. Time, timers
// and the network are [Ports]; files are a vfs.FS. Package node gives it real
// ones, package sim simulated ones: both run this code.
//
// # What is durable when
//
// Effects are performed in the order the core gives them. A record of the core
// is synced before the next effect that leaves the node; a signature is made
// durable by the signer before it is sent; a block is committed to the store,
// in one synced batch, before the next height opens. So a crash at any instant
// leaves one of two states, before or after, and [Open] continues from either
// with the same code.
//
// # Errors
//
// A failed write is never retried and trusted: the replica stops, [Replica.Err]
// says why, and the process should end. A full disk is different: the replica
// stands still where it is, and each [Replica.Tick] tries to go on from there.
package replica
