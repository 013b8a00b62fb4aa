package keys_test

import (
	"bytes"
	"crypto/sha512"
	"math/big"
	"testing"

	"github.com/oasisprotocol/curve25519-voi/curve"
	"github.com/oasisprotocol/curve25519-voi/curve/scalar"

	"github.com/posnet/posnet/node/keys"
)

// littleEndian writes n in 32 bytes with the sign bit of a point encoding.
func littleEndian(n *big.Int, sign byte) (out [32]byte) {
	n.FillBytes(out[:])
	for i := range 16 {
		out[i], out[31-i] = out[31-i], out[i]
	}
	out[31] |= sign << 7
	return out
}

// smallOrderEncodings derives all 14 encodings of the 8 points of small order: y and y+p where that still fits 255 bits,
// with either sign bit. This is the key and R half of the test set of "It's 255:19AM. Do you know what your validation
// criteria are?" (Henry de Valence, 2020), from which the vectors of ZIP-215 come.
func smallOrderEncodings(t *testing.T) [][32]byte {
	t.Helper()
	one := big.NewInt(1)
	p := new(big.Int).Sub(new(big.Int).Lsh(one, 255), big.NewInt(19))
	limit := new(big.Int).Lsh(one, 255)

	var encodings [][32]byte
	seen := map[[32]byte]bool{}
	for _, point := range curve.EIGHT_TORSION {
		var c curve.CompressedEdwardsY
		c.SetEdwardsPoint(point)
		c[31] &= 0x7f
		for i := range 16 {
			c[i], c[31-i] = c[31-i], c[i]
		}
		y := new(big.Int).SetBytes(c[:])
		for _, n := range []*big.Int{y, new(big.Int).Add(y, p)} {
			for sign := byte(0); sign < 2 && n.Cmp(limit) < 0; sign++ {
				e := littleEndian(n, sign)
				if !seen[e] {
					seen[e] = true
					encodings = append(encodings, e)
				}
			}
		}
	}
	if len(encodings) != 14 {
		t.Fatalf("derived %d small-order encodings, there are 14", len(encodings))
	}
	return encodings
}

func TestZIP215EdgeCasesVerifySinglyAndInBatches(t *testing.T) {
	t.Parallel()
	msg := []byte("Zcash")
	points := smallOrderEncodings(t)
	all := keys.NewBatch(len(points) * len(points))
	for _, a := range points {
		for _, r := range points {
			var sig [64]byte // s = 0
			copy(sig[:32], r[:])
			if !keys.Verify(a, msg, sig) {
				t.Errorf("key %x, R %x: refused alone, ZIP-215 accepts it", a, r)
			}
			one := keys.NewBatch(1)
			one.Add(a, msg, sig)
			if ok, _ := one.Verify(); !ok {
				t.Errorf("key %x, R %x: refused in a batch, ZIP-215 accepts it", a, r)
			}
			all.Add(a, msg, sig)
		}
	}
	if ok, each := all.Verify(); !ok || len(each) != 196 {
		t.Errorf("the batch of all %d vectors: %v, want all 196 valid", len(each), ok)
	}
}

func TestASmallOrderKeyVerifiesEveryMessageAndIsRefusedAsKey(t *testing.T) {
	t.Parallel()
	for _, a := range smallOrderEncodings(t) {
		if err := keys.CheckPublicKey(a); err != keys.ErrSmallOrder {
			t.Errorf("key %x: %v, want ErrSmallOrder", a, err)
		}
	}
	var sig [64]byte
	sig[0] = 1 // R is the identity, s is 0
	identity := [32]byte{1}
	for _, msg := range []string{"pay alice", "pay mallory"} {
		if !keys.Verify(identity, []byte(msg), sig) {
			t.Errorf("identity key: %q did not verify; the reason for CheckPublicKey is gone?", msg)
		}
	}
}

// mixedOrder returns a valid ZIP-215 signature by a key that has a component of order 8: the cofactorless equation of many
// libraries refuses it.
func mixedOrder(t *testing.T, msg []byte) (pub [32]byte, sig [64]byte) {
	t.Helper()
	secret, nonce := new(scalar.Scalar), new(scalar.Scalar)
	digest := sha512.Sum512([]byte("secret"))
	if _, err := secret.SetBytesModOrderWide(digest[:]); err != nil {
		t.Fatal(err)
	}
	digest = sha512.Sum512([]byte("nonce"))
	if _, err := nonce.SetBytesModOrderWide(digest[:]); err != nil {
		t.Fatal(err)
	}
	var a, r curve.EdwardsPoint
	a.MulBasepoint(curve.ED25519_BASEPOINT_TABLE, secret)
	a.Add(&a, curve.EIGHT_TORSION[1])
	r.MulBasepoint(curve.ED25519_BASEPOINT_TABLE, nonce)
	var encodedA, encodedR curve.CompressedEdwardsY
	encodedA.SetEdwardsPoint(&a)
	encodedR.SetEdwardsPoint(&r)
	digest = sha512.Sum512(bytes.Join([][]byte{encodedR[:], encodedA[:], msg}, nil))
	k, s := new(scalar.Scalar), new(scalar.Scalar)
	if _, err := k.SetBytesModOrderWide(digest[:]); err != nil {
		t.Fatal(err)
	}
	s.Mul(k, secret)
	s.Add(s, nonce)
	copy(pub[:], encodedA[:])
	copy(sig[:32], encodedR[:])
	if err := s.ToBytes(sig[32:]); err != nil {
		t.Fatal(err)
	}
	return pub, sig
}

func TestTheCofactorIsUsedSinglyAndInBatches(t *testing.T) {
	t.Parallel()
	msg := []byte("posnet")
	pub, sig := mixedOrder(t, msg)
	if !keys.Verify(pub, msg, sig) {
		t.Error("a key of mixed order: refused alone, ZIP-215 accepts it")
	}
	b := keys.NewBatch(2)
	b.Add(pub, msg, sig)
	other := keyOf(1)
	b.Add(other.Public(), msg, other.Sign(msg))
	if ok, _ := b.Verify(); !ok {
		t.Error("a key of mixed order: refused in a batch, ZIP-215 accepts it")
	}
}
