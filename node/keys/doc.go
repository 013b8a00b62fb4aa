// Package keys holds everything posnet does with secret and public keys: Ed25519 signatures, one at a time and in
// batches, the verifiable random function behind the lottery, and key files.
//
// # Four uses, one kind
//
// An account key signs transactions, a consensus key signs votes and headers, a VRF key proves lottery randomness, a
// node key is a peer's identity. All four are Ed25519 and none may serve two uses: a signature made for one meaning must
// never be valid for another. This package does not know the uses; whoever builds the signed bytes puts a domain string
// and the genesis hash in front of them.
//
// # One signature rule
//
// Ed25519 as written in RFC 8032 leaves room for disagreement: implementations differ on encodings that are not
// canonical, on points of small order and on the cofactor. Two nodes that disagree on one signature fork the chain. So
// [Verify] and [Batch] use one rule, ZIP-215: any encoding of a point is accepted, s must be below the group order, and
// the equation is checked with the cofactor, which is the only form for which a batch and a single check always agree.
// The price of the rule is that with the identity point as public key one signature is valid for every message;
// [CheckPublicKey] refuses such keys, and everything that lets a key enter the chain calls it.
//
// # Many signatures
//
// A block has thousands of signatures, and a sum over all of them tells at a third of the price what one check after the
// other would: [Batch], and [Verifier] for callers that come at the same time. A sum that does not hold tells only that one
// of them is wrong; then each is checked with [Verify]. What a signature costs in a batch of 2000 is in about equal parts
// its share of the sum, the square root in the point of R, and that in the point of the key. R is new each time. The key is
// not: [Known] remembers the points of keys that may be used, 131072 of them, and has them for whoever verifies with it. It
// also knows whole signatures and VRF proofs that were good, and then nothing is computed at all.
//
// # The lottery's randomness
//
// [VRFProve], [VRFVerify] and [VRFHash] are ECVRF-EDWARDS25519-SHA512-ELL2 of RFC 9381 (suite 0x04). The output of a
// proof is unique for a key and an input even when the key's owner cheats, which is what a lottery needs; it is
// unpredictable as long as the secret key is not known.
//
// # Key files
//
// A key file is what `openssl genpkey -algorithm ed25519` writes: PKCS#8 in PEM, RFC 8410. [ParsePrivatePEM] takes that
// and nothing looser, and says of everything else what it was and which command turns it into what is wanted.
//
// A [PrivateKey] never prints: not through fmt with any verb, not inside another struct, not through slog or JSON.
package keys
