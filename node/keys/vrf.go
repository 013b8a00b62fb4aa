package keys

import (
	"errors"
	"fmt"

	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519"
	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519/extra/ecvrf"
)

// Sizes in bytes of a VRF proof and of its output.
const (
	ProofSize = 80
	BetaSize  = 64
)

// ErrBadProof means that a VRF proof does not hold for the key and input it was checked against.
var ErrBadProof = errors.New("vrf proof does not verify")

// VRFProve returns the proof that VRFVerify accepts for key's public key and alpha: ECVRF_prove of RFC 9381 5.1, suite
// ECVRF-EDWARDS25519-SHA512-ELL2. It is deterministic. The key must be used for nothing else.
func VRFProve(key PrivateKey, alpha []byte) (proof [ProofSize]byte) {
	copy(proof[:], ecvrf.Prove(key.must().expanded, alpha))
	return proof
}

// VRFVerify checks proof for pub and alpha and returns its output beta, which is the one and only output of that key for
// that input (ECVRF_verify of RFC 9381 5.3 with key validation). Keys CheckPublicKey refuses are refused with its error;
// every other failure is ErrBadProof.
func VRFVerify(pub [PublicSize]byte, alpha []byte, proof [ProofSize]byte) (beta [BetaSize]byte, err error) {
	if err := CheckPublicKey(pub); err != nil {
		return beta, fmt.Errorf("check vrf key: %w", err)
	}
	ok, out := ecvrf.Verify(ed25519.PublicKey(pub[:]), proof[:], alpha)
	if !ok {
		return beta, ErrBadProof
	}
	copy(beta[:], out)
	return beta, nil
}

// VRFHash returns the output of a proof that is KNOWN to be valid, because it was just made or verified (ECVRF_proof_to_hash
// of RFC 9381 5.2). It checks no more than the form of the proof: anybody can make a proof with a chosen output.
func VRFHash(proof [ProofSize]byte) (beta [BetaSize]byte, err error) {
	out, err := ecvrf.ProofToHash(proof[:])
	if err != nil {
		return beta, fmt.Errorf("%w: %w", ErrBadProof, err)
	}
	copy(beta[:], out)
	return beta, nil
}
