// Package hostile holds decoders against what an adversary would send them. Only
// tests import it.
//
// A [Reader] names a decoder: how it reads, how what it read is written again,
// and honest samples. [Reader.Hold] runs in every unit test: it takes each sample
// apart and puts a lie into every place of it (lengths that are not there, lists
// of a thousand one-byte items where large structures are expected, nesting,
// indefinite lengths, keys twice, forms that are not the shortest), and demands
//
//   - no panic,
//   - that what is read is written again as the same bytes, so that a value has
//     one encoding,
//   - that reading n bytes allocates at most 4n and a fixed [Reader.Fixed].
//
// [Reader.Fuzz] demands the same of one input, inside a fuzz target.
//
// # Why there is a fixed part, and how it is measured
//
// An error and its text, the first buffer of a library and a list of as many
// elements as are allowed without bringing bytes for each cost the same whether
// three bytes came or three thousand; what grows with the input is what an
// adversary can use. What is counted is all that was allocated, alive or not,
// which bounds what is in memory at any moment. The least of several runs counts:
// whatever else happens in the process only adds to a run. Under the race detector
// nothing is measured: it has sync.Pool forget at random.
//
// The list of all decoders with the fuzz target of each is Decoders in
// hack/archtest; a test there fails when a decoder is in no target.
package hostile
