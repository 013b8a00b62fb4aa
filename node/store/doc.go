// Package store keeps what a node must not lose: the final blocks and their
// certificates, the state after the last of them, the nodes of the state tree
// for recent heights, and the indexes that find a block by its hash and a
// transaction by its id. It is one Pebble database in one directory.
//
// # What is durable when
//
// A block is one [Store.Commit], and a commit is one batch in Pebble's
// write-ahead log followed by one fsync. It contains everything the block
// changes, the tip record included. So a crash at any instant, of the process or
// of the machine, leaves the store before a commit or after it and never in
// between, and what Commit has acknowledged is there. Opening again runs the
// same code as opening ever does: Pebble replays its log.
//
// Only the nodes of the state tree come later: they can be computed from the
// values. They stay in memory for some blocks and are written in parts with the
// commits of later ones, or right after them to files that the database then takes
// in ([Store.spill]); opening computes again what a crash took ([treeBuffer]).
//
// [Store.Prune] writes without fsync. A crash may undo it; it is done again.
//
// # What readers see
//
// Readers see only what is durable: Pebble makes a batch visible before its
// fsync is done, so reads go through a snapshot ([View]) that is replaced after
// the fsync. A View is consistent: one tip, and the state of exactly that tip.
//
// # What it does when the disk fails
//
// A failed fsync leaves the kernel's and the disk's ideas of a file different,
// and may not be retried (R. Rebello and others, "Can Applications Recover from
// fsync Failures?", USENIX ATC 2020). Such an error is [ErrFatal]: the store
// refuses everything from then on, Options.OnFatal is told, and the process must
// end and start again from what the disk really has.
//
// A full disk is noticed before a commit begins: below Options.MinFreeBytes,
// Commit returns [ErrNoSpace], having written nothing, and may be repeated.
//
// # What it does not do
//
// It does not know what blocks, certificates and values mean, verifies none of
// them, and keeps values at the tip only. Of the state tree it keeps the tip's and
// those older versions that were written and that [Store.Prune] leaves.
package store
