package keys

import (
	"crypto/rand"
	"crypto/sha512"
	"hash"
	"slices"
	"sync"

	"github.com/oasisprotocol/curve25519-voi/curve"
	"github.com/oasisprotocol/curve25519-voi/curve/scalar"
)

// sum is the equation of a batch. A signature (R, s) of a message M by the key A is valid under ZIP-215 if R and A are
// encodings of points, canonical or not, s is below the group order L, and [8]([s]B - [k]A - R) is the identity, B being the
// base point and k = SHA-512(R ‖ A ‖ M) of the bytes as they came. For many of them one sum is computed instead, each
// with a coefficient z of its own, 128 random bits that are drawn when the signatures are fixed:
//
//	[8]( [-Σ zᵢsᵢ]B + Σ [zᵢ]Rᵢ + Σ [zᵢkᵢ]Aᵢ )
//
// It is the identity when all are valid, and with probability 2^-128 when one is not. Because of the 8, what a point has of
// small order never counts, neither here nor alone: without it the two could disagree. The signatures of one key share a
// term, their coefficients added.
//
// Sources: Bernstein, Duif, Lange, Schwabe, Yang, "High-speed high-security signatures" (2012), section 5; ZIP-215
// (https://zips.z.cash/zip-0215); Chalkias, Garillot, Nikolaenko, "Taming the many EdDSAs" (2020).
//
// A sum keeps its memory from one batch to the next: about a megabyte after one of mostTogether signatures. The zero value
// is not usable; take one from sums.
type sum struct {
	hash   hash.Hash
	digest [sha512.Size]byte
	random []byte

	index map[[PublicSize]byte]int32 // where each key is in keys
	keys  []keyTerm
	by    []int32 // the key of each signature
	rs    []rTerm

	base     scalar.Scalar // Σ zs
	scalars  []*scalar.Scalar
	operands []*curve.EdwardsPoint
	together []Signature // those of several callers; see Verifier
}

// keyTerm is the term of a key in the sum.
type keyTerm struct {
	pub   [PublicSize]byte
	point curve.EdwardsPoint
	zk    scalar.Scalar // Σ zk of its signatures

	valid bool // it is a point
	known bool // and was remembered
	learn bool // or will be
}

// rTerm is the term of the R of a signature.
type rTerm struct {
	point curve.EdwardsPoint
	z     scalar.Scalar
}

// coefficient is the length of z in bytes.
const coefficient = 16

// sums are for use by whoever verifies a batch.
var sums = sync.Pool{New: func() any {
	return &sum{hash: sha512.New(), index: map[[PublicSize]byte]int32{}}
}}

// holds computes the sum of some signatures, at most mostTogether. It tells those that are no signature at all by false in
// each; they are not in the sum. The others are all valid if it returns true, and then their keys are remembered in known;
// if it returns false one of them is not, and true in each says nothing.
func (s *sum) holds(known *points, sigs []Signature, each []bool) bool {
	s.group(sigs)
	known.find(s.keys)
	for i := range s.keys {
		if k := &s.keys[i]; !k.known {
			_, err := k.point.SetCompressedY((*curve.CompressedEdwardsY)(&k.pub))
			k.valid = err == nil
		} else {
			k.valid = true
		}
	}
	s.random = slices.Grow(s.random[:0], coefficient*len(sigs))[:coefficient*len(sigs)]
	rand.Read(s.random) // never fails
	s.rs, s.base = slices.Grow(s.rs[:0], len(sigs)), scalar.Scalar{}
	for i := range sigs {
		each[i] = s.add(&sigs[i], &s.keys[s.by[i]], s.random[coefficient*i:][:coefficient])
	}
	if !s.isSmall() {
		return false
	}
	known.learn(s.keys)
	return true
}

// group finds the different keys of some signatures.
func (s *sum) group(sigs []Signature) {
	clear(s.index)
	s.keys, s.by = s.keys[:0], s.by[:0]
	for i := range sigs {
		at, ok := s.index[sigs[i].Key]
		if !ok {
			at = int32(len(s.keys))
			s.index[sigs[i].Key] = at
			s.keys = append(s.keys, keyTerm{pub: sigs[i].Key})
		}
		s.by = append(s.by, at)
	}
}

// add puts a signature in the sum, and reports whether it is one by its form.
func (s *sum) add(sig *Signature, key *keyTerm, random []byte) bool {
	if !key.valid || !scalar.ScMinimalVartime(sig.Value[32:]) {
		return false
	}
	s.rs = s.rs[:len(s.rs)+1] // there is room for all
	r := &s.rs[len(s.rs)-1]
	if _, err := r.point.SetCompressedY((*curve.CompressedEdwardsY)(sig.Value[:32])); err != nil {
		s.rs = s.rs[:len(s.rs)-1]
		return false
	}
	var wide [scalar.ScalarSize]byte
	if copy(wide[:], random); wide == [scalar.ScalarSize]byte{} {
		wide[0] = 1 // with 0 the signature would not count
	}
	s.hash.Reset()
	s.hash.Write(sig.Value[:32])
	s.hash.Write(sig.Key[:])
	s.hash.Write(sig.Message)
	s.hash.Sum(s.digest[:0])

	// The three refuse only slices of a length that they do not want.
	var response, k scalar.Scalar
	_, err1 := r.z.SetBits(wide[:])
	_, err2 := response.SetBits(sig.Value[32:])
	_, err3 := k.SetBytesModOrderWide(s.digest[:])
	if err1 != nil || err2 != nil || err3 != nil {
		s.rs = s.rs[:len(s.rs)-1]
		return false
	}

	s.base.Add(&s.base, response.Mul(&response, &r.z))
	key.zk.Add(&key.zk, k.Mul(&k, &r.z))
	return true
}

// isSmall reports whether what was added sums up to a point of small order. Nothing at all does.
func (s *sum) isSmall() bool {
	terms := 1 + len(s.keys) + len(s.rs)
	s.scalars = append(slices.Grow(s.scalars[:0], terms), s.base.Neg(&s.base))
	s.operands = append(slices.Grow(s.operands[:0], terms), curve.ED25519_BASEPOINT_POINT)
	for i := range s.keys {
		if k := &s.keys[i]; k.valid {
			s.scalars, s.operands = append(s.scalars, &k.zk), append(s.operands, &k.point)
		}
	}
	for i := range s.rs {
		s.scalars, s.operands = append(s.scalars, &s.rs[i].z), append(s.operands, &s.rs[i].point)
	}
	var total curve.EdwardsPoint
	return total.MultiscalarMulVartime(s.scalars, s.operands).IsSmallOrder()
}

// judge says in each which of some signatures are valid, and returns whether all are.
func judge(known *points, sigs []Signature, each []bool) (ok bool) {
	s := sums.Get().(*sum)
	defer sums.Put(s)
	for ok = true; len(sigs) > 0; {
		// In equal parts: a small one costs more for each signature.
		parts := (len(sigs) + mostTogether - 1) / mostTogether
		n := (len(sigs) + parts - 1) / parts
		all := s.holds(known, sigs[:n], each[:n])
		for i := range n {
			if each[i] && !all {
				each[i] = Verify(sigs[i].Key, sigs[i].Message, sigs[i].Value)
			}
			ok = ok && each[i]
		}
		sigs, each = sigs[n:], each[n:]
	}
	return ok
}
