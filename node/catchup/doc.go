// Package catchup brings a node that is behind to the tip: it fetches final blocks with their certificates from peers and
// hands them on, in order, to be verified and applied.
//
// # Two halves
//
// [Engine] decides everything: whom to ask for what, how long to wait, whom to believe, whom to blame. It is plain code
// without goroutine, channel or clock: it is told the time, what peers answered and what somebody claims, and it calls its
// [Ports]. So a simulator with a clock of its own drives the very code that runs in production. [Catchup] is the half that
// cannot be simulated, kept small: it gives an Engine the real clock and asks peers in goroutines.
//
// # Whom to believe
//
// What a peer says of its height is a hint where to ask, and nothing else. A block counts when its certificate verifies
// under the validator set that this node has itself reached, so blocks are applied strictly one after the other: each may
// change the set of those that follow. A peer that brings something wrong is blamed; one that fails, stalls or comes
// empty-handed is passed over for a time that doubles with each failure. Claims do not decide who is asked first: who
// delivered before does, so a crowd of boasters costs no more than a moment each.
//
// # How it is fast
//
// Several stretches of the chain are fetched at once, from different peers where there are any, while the first is being
// applied:
//
//	applied ─────►│ stretch 1: being applied │ stretch 2: here │ stretch 3: on its way │ …
//
// When the stretch that is needed next is late, another peer is asked for it too, and whoever is first delivers. If that
// one brings only a part, the others still count for what remains, so nobody keeps a node slow by bringing one block at a
// time just before somebody else.
//
// A peer that joined by snapshot has no blocks below some height, and says so: it is not asked for them.
//
// A peer that is a single block ahead is no reason to fetch: consensus will have that block in a moment. Only when it does
// not is it asked for.
//
// # Bounds
//
// At most [Window] stretches of [StretchBlocks] blocks are held or wanted, each brought by one answer of at most
// [MaxAnswerBytes]; at most [MaxRequests] requests are unanswered, at most [PerPeer] of them with one peer; at most
// [MaxNotes] peers have a record. [Stats] says what is held and checks it against these. While a block is being applied,
// [Catchup] keeps at most MaxRequests further answers waiting.
package catchup
