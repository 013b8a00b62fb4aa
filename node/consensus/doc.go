// Package consensus decides one block per height: two-phase voting with locks,
// after Buchman, Kwon, Milosevic, "The latest gossip on BFT consensus"
// (arXiv:1807.04938), Algorithm 1, with the winner of the stake lottery as the
// proposer of a round.
//
// # A core that only computes
//
// [Core.Step] takes one [Event] (a verified message, a timer that fired, the
// outcome of an effect) and returns the [Effect]s that follow, in order. It
// reads no clock, opens no file, sends nothing and keeps no goroutine, so a
// simulator drives exactly the code that runs in production.
//
// # Who does what with an effect
//
// The driver performs effects strictly in order. After a [Persist] it goes on
// only when the record is durable: what follows may leave the node and must
// never be contradicted after a crash. [SignVote] and [SignProposal] pass the
// signer, which makes its own record durable before it gives a signature.
// [Execute] and [Build] come back as events; everything slow is there.
//
// # Trust
//
// Votes and proposals enter only as [Vote] and [Proposal], which only
// [VerifyVote] and [VerifyProposal] can make: signature, membership and the
// lottery have been checked. Beyond that every message may be a lie of a
// validator, and each rule waits for more than two thirds of the stake.
//
// # The silence after a start
//
// A core that has just started says nothing until it has heard the vote states
// of validators that, with itself, hold more than two thirds of the stake, none
// of them ahead of it: if its own votes come back that it does not remember,
// another process signs with its key, and it stops ([Halt]). Whom it has heard
// counts in later heights too, and a node that becomes a validator later must
// have listened like any other.
//
// # Bounds
//
// Whatever verified messages say, a core holds eight blocks, the two newest
// rounds of each validator above its own, 64 rounds below, and two different
// votes of a validator for one slot. The block of the present round always has
// room.
package consensus
