// Package chain defines what a posnet chain is made of: transactions, blocks,
// votes, certificates, evidence and genesis, and the one way each is written
// as bytes.
//
// # Encoding
//
// Everything that is hashed, signed, stored or sent is core-deterministic CBOR
// (RFC 8949, section 4.2.1) with structures as arrays. [Encode] writes it and
// [Decode] reads it: strictly, under a size cap that is checked before any
// allocation, and only if encoding the decoded value again gives the same
// bytes. So a value has exactly one encoding and a hash has exactly one
// pre-image.
//
// # Hashes and signatures
//
// SHA-256 everywhere. What is signed starts with a domain string and the
// genesis hash ([TxMessage], [VoteMessage], …), so that no signature can be
// replayed on another network or with another meaning. This package is a leaf:
// it says which bytes are signed, and leaves keys and checking to package keys.
//
// # Trust
//
// A SignedX type is what came over the wire: well-formed, within its caps, and
// proven by nobody. What has been checked carries another type, in the package
// that checked it.
package chain
