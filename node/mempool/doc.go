// Package mempool holds the transactions that wait for a block: each decoded, signature-checked and affordable.
//
// # What is in the pool
//
// The pool keeps, per account, the transactions in order of nonce. Those that follow the account's decided nonce without a
// gap are executable; those behind a gap are queued until it is filled. All of an account's transactions together, amounts
// and fees, never exceed its decided balance: what waits can be paid, whatever order blocks take it in. Money on its way
// to the account in another waiting transaction does not count.
//
// So applying the answer of [Pool.Select] in order to the decided state never meets a wrong nonce or a missing balance.
// What only the ledger knows (is the receiver of stake registered?) comes in through [Config.Check]; a transaction that
// fails at execution all the same is taken out with [Pool.Remove].
//
// # Limits and who goes first
//
// The pool is bounded in transactions and bytes, and each account in transactions. A full pool makes room only by
// dropping what is worst: first a queued last transaction of an account, which no block can take now, then the executable
// last one with the lowest fee. The newcomer must be executable itself and pay strictly more than all the executable ones
// it displaces together, so displacing costs more than waiting. Dropping from the end of an account never opens a gap.
// A waiting transaction is replaced by one of the same account and nonce that pays at least a tenth more.
//
// Selection is by fee, then by arrival: the same arrivals give the same selection.
//
// # Cost of a hostile transaction
//
// Checks run from cheap to dear: size and canonical encoding, duplicate, fee and expiry, nonce and balance, and only then
// points of the curve and signatures (ZIP-215, in batches in [Pool.AddAll]). Someone without a funded account does not
// reach the signature check.
//
// A Pool is safe for concurrent use and starts no goroutine. Reads of the state happen under its lock, so that an
// admission and [Pool.Committed] cannot interleave.
package mempool
