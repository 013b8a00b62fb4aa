// Package stake holds the validator set of a height and the two things stake
// decides: who may forge (the lottery) and what is final (the quorum).
//
// # The lottery
//
// The validators of a [Set], in canonical order, own consecutive arcs of a
// ring of T points, one point ("lot") per base unit of stake. The seed of the
// previous height gives a uniform point of the ring, the reference. The
// validator whose lot is nearest clockwise wins; since the arcs cover the whole
// ring exactly one has offset 0, and P(win) = stake / T exactly.
//
// A later round of the same height draws again, without those that won
// before: they had their chance and were not heard. After every validator has
// won once, all take part again.
//
// # Purity
//
// Integers only, no time, no randomness, no input but the arguments: every
// node, and anybody with the public data of a block, computes the same draw.
package stake
