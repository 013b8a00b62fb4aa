package keys

import (
	"errors"

	"github.com/oasisprotocol/curve25519-voi/curve"
)

// Reasons a public key is refused. All of them mean that whoever offered the key must offer another.
var (
	// ErrNotAPoint: the 32 bytes are no point of the curve.
	ErrNotAPoint = errors.New("public key is not a point of edwards25519")
	// ErrNotCanonical: the point has another, canonical encoding; one key must not have two addresses.
	ErrNotCanonical = errors.New("public key is not the canonical encoding of its point")
	// ErrSmallOrder: with such a key one signature is valid for every message, and a VRF output is the same for every input.
	ErrSmallOrder = errors.New("public key is a point of small order")
)

// CheckPublicKey refuses keys that must not enter the chain: in from, to, genesis or register, and as VRF key. It returns
// nil, ErrNotAPoint, ErrNotCanonical or ErrSmallOrder; when a key is both of the last two it is ErrSmallOrder.
func CheckPublicKey(pub [PublicSize]byte) error {
	var point curve.EdwardsPoint
	return checkKey(&pub, &point)
}

// checkKey is CheckPublicKey, and gives the point of a good key.
func checkKey(pub *[PublicSize]byte, point *curve.EdwardsPoint) error {
	encoded := (*curve.CompressedEdwardsY)(pub)
	if _, err := point.SetCompressedY(encoded); err != nil {
		return ErrNotAPoint
	}
	return usable(encoded, point)
}

// usable is what CheckPublicKey asks of a key that is a point.
func usable(encoded *curve.CompressedEdwardsY, point *curve.EdwardsPoint) error {
	if point.IsSmallOrder() {
		return ErrSmallOrder
	}
	if !encoded.IsCanonicalVartime() {
		return ErrNotCanonical
	}
	return nil
}
