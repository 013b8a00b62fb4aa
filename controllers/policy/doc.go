// Package policy decides: may pods be evicted, may the network shrink, may a genesis be made, and what do the conditions
// say. It is pure: facts in; a decision, a reason for programs and a message for people out. Nothing here reads a cluster
// or a clock, so every rule is a row of a table test.
//
// Stakes are in base units and sum to at most [chain.MaxSupply], so three times any sum fits 64 bits.
package policy
