// Package signer holds a validator's keys and keeps it from ever contradicting itself: not after a crash, not after a
// power loss, not when asked twice.
//
// # The rule
//
// A validator signs at most one message for each slot: a kind ([Proposal], [Prevote], [Precommit]) at a height and round.
// Slots are ordered by height, then round, then kind, and are used in that order only. Asked again for a slot with the
// same message, [Signer.Sign] returns the stored signature; with another message, [DoubleSignError]; for a slot below the
// highest used one, [ErrRegression].
//
// # Why a crash cannot break it
//
// What was signed is written to the sign-state and is durable BEFORE the signature is returned. So a crash leaves either
// no record, and then nobody has the signature; or a record, and then the next process answers that slot with the same
// bytes. The sign-state is a log of package wal with one record to a disk sector: a signature costs one write and one
// fdatasync in room that was filled with zeros ahead, and a full disk cannot come between.
//
// # One directory, born at once
//
//	validator/consensus.pem   the key that signs
//	validator/vrf.pem         the key that proves lottery randomness
//	validator/sign-state      what consensus.pem has signed
//	validator/LOCK            held by the one process that may use them
//
// [Create] makes all of it under another name and renames the directory, so that there is never a key without its
// sign-state. A directory in which the sign-state is missing was made by something else, say a restored or copied key:
// [Open] refuses it, because that key may have signed anything elsewhere. The sign-state names its keys and does not open
// for others.
//
// # When somebody else signs with the key
//
// What this package cannot see is the same key in use on another machine, or an older copy of the directory put in its
// place. For both the node compares what its peers hold with [Signer.State] before it votes, and with [Signer.Signed] what
// it meets later. If it finds a message that this signer has not signed it calls [Signer.Stop]: a record in the same log,
// after which nothing is signed, not even what was signed before, in this process or in any later one. Every restart would
// else be another chance to contradict the other process. Only [Signer.Resume] lifts it, and that is for a human to do.
package signer
