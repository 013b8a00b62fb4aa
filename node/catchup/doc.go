// Package catchup brings a node that is behind to the tip: it fetches final
// blocks with their certificates from peers and hands them on, in order, to be
// verified and applied.
//
// # Whom to believe
//
// What a peer says of its height is a hint where to ask, and nothing else. A
// block counts when its certificate verifies under the validator set that this
// node has itself reached. A peer that brings something wrong is blamed and not
// asked again for a while; one that is slow or empty-handed is passed over.
//
// # Bounds
//
// At most two answers of the transport's cap are held at a time: one being
// applied, and the next on its way meanwhile.
package catchup
