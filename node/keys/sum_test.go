package keys_test

import (
	"math/big"
	"slices"
	"testing"

	"github.com/oasisprotocol/curve25519-voi/curve"
	"pgregory.net/rapid"

	"github.com/posnet/posnet/node/keys"
)

// nonCanonical are encodings of points of large order with y at or above the field's prime p. Only y = p to p + 18 have two
// encodings; those of small order among them are in smallOrderEncodings.
func nonCanonical() (all [][32]byte) {
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	for y := range int64(19) {
		for sign := range byte(2) {
			e := littleEndian(new(big.Int).Add(p, big.NewInt(y)), sign)
			var point curve.EdwardsPoint
			if _, err := point.SetCompressedY((*curve.CompressedEdwardsY)(&e)); err == nil && !point.IsSmallOrder() {
				all = append(all, e)
			}
		}
	}
	return all
}

// spoiled draws a signature that is good, bad, or odd in a way that rules differ on.
func spoiled(t *rapid.T, odd [][32]byte) keys.Signature {
	key := keyOf(byte(rapid.IntRange(0, 4).Draw(t, "key")))
	s := keys.Signature{Key: key.Public(), Message: []byte{byte(rapid.IntRange(0, 3).Draw(t, "message"))}}
	s.Value = key.Sign(s.Message)
	strange := func(what string) [32]byte { return rapid.SampledFrom(odd).Draw(t, what) }
	switch rapid.IntRange(0, 9).Draw(t, "what") {
	case 0:
		s.Value[rapid.IntRange(0, 63).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
	case 1:
		s.Key[rapid.IntRange(0, 31).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
	case 2:
		s.Key = strange("A")
	case 3:
		r := strange("R")
		copy(s.Value[:], r[:])
	case 4: // s = 0
		r := strange("R")
		s.Key, s.Value = strange("A"), [64]byte{}
		copy(s.Value[:], r[:])
	case 5:
		s.Key, s.Message = keyOf(9).Public(), append(s.Message, 0)
	case 6: // s plus the group order, which fits 32 bytes
		le := slices.Clone(s.Value[32:])
		slices.Reverse(le)
		sum := littleEndian(new(big.Int).Add(new(big.Int).SetBytes(le), groupOrder()), 0)
		copy(s.Value[32:], sum[:])
	}
	return s
}

// TestBatchesAgreeWithSingleChecks puts good, bad and odd signatures in batches, with a memory of keys and without: every
// verdict is that of the library on the signature alone.
func TestBatchesAgreeWithSingleChecks(t *testing.T) {
	t.Parallel()
	odd := append(smallOrderEncodings(t), nonCanonical()...)
	if len(odd) < 20 {
		t.Fatalf("%d odd encodings, want the 14 of small order and some of large order", len(odd))
	}
	msg := []byte("of mixed order")
	pub, sig := mixedOrder(t, msg)
	mixed := keys.Signature{Key: pub, Message: msg, Value: sig}
	var memory = keys.NewKnown(1)
	v := keys.NewVerifier(memory)
	rapid.Check(t, func(t *rapid.T) {
		all := []keys.Signature{mixed, mixed}[:rapid.IntRange(0, 2).Draw(t, "of mixed order")]
		for range rapid.IntRange(1, 9).Draw(t, "signatures") {
			all = append(all, spoiled(t, odd))
		}
		want := make([]bool, len(all))
		batch := keys.NewBatch(0)
		for i, s := range all {
			want[i] = keys.Verify(s.Key, s.Message, s.Value)
			batch.Add(s.Key, s.Message, s.Value)
		}
		ok, each := batch.Verify()
		if ok != !slices.Contains(want, false) || !slices.Equal(each, want) {
			t.Fatalf("a batch says %v %v, one by one %v", ok, each, want)
		}
		if got := v.Verify(all); !slices.Equal(got, want) {
			t.Fatalf("with a memory of keys a batch says %v, one by one %v", got, want)
		}
	})
}

// Every size has one wrong signature, at any place; the sizes are where the library, or we, change the way.
func TestOneWrongAmongManyIsFound(t *testing.T) {
	t.Parallel()
	const most = 2300
	all := make([]keys.Signature, most)
	for i := range all {
		k, msg := keyOf(byte(i%90)), []byte{byte(i), byte(i >> 8)}
		all[i] = keys.Signature{Key: k.Public(), Message: msg, Value: k.Sign(msg)}
	}
	v := keys.NewVerifier(keys.NewKnown(1))
	spoil := map[string]func(*keys.Signature){
		"another message": func(s *keys.Signature) { s.Message = []byte("another") },
		"a bit of s":      func(s *keys.Signature) { s.Value[33] ^= 4 },
		"another's R":     func(s *keys.Signature) { copy(s.Value[:32], all[0].Value[:32]) },
		"no point as R":   func(s *keys.Signature) { clear(s.Value[:32]); s.Value[0] = 2 },
		"another key":     func(s *keys.Signature) { s.Key = keyOf(200).Public() },
	}
	for _, n := range []int{2, 3, 31, 64, 189, 260, most} {
		for what, change := range spoil {
			at := (7*n + len(what)) % (n - 1)
			at++ // the first gives its R to another
			sigs := slices.Clone(all[:n])
			change(&sigs[at])
			got := v.Verify(sigs)
			for i, ok := range got {
				if ok != (i != at) {
					t.Fatalf("%d signatures, %s in number %d: number %d is %v", n, what, at, i, ok)
				}
			}
			sigs[at] = all[at]
			if slices.Contains(v.Verify(sigs), false) {
				t.Fatalf("%d good signatures: one is refused", n)
			}
			if n == most { // takes long
				break
			}
		}
	}
}

// Wrong signatures that would cancel each other without coefficients of their own: what is added to one s is taken from
// another, by one key and by two.
func TestWrongSignaturesDoNotMakeUpForEachOther(t *testing.T) {
	t.Parallel()
	shift := func(s *keys.Signature, by int64) {
		le := slices.Clone(s.Value[32:])
		slices.Reverse(le)
		sum := new(big.Int).Add(new(big.Int).SetBytes(le), big.NewInt(by))
		enc := littleEndian(sum.Mod(sum, groupOrder()), 0)
		copy(s.Value[32:], enc[:])
	}
	for _, other := range []byte{1, 2} {
		var pair [2]keys.Signature
		for i, k := range []keys.PrivateKey{keyOf(1), keyOf(other)} {
			msg := []byte{byte(i)}
			pair[i] = keys.Signature{Key: k.Public(), Message: msg, Value: k.Sign(msg)}
		}
		shift(&pair[0], 5)
		shift(&pair[1], -5)
		if got := keys.NewVerifier(nil).Verify(pair[:]); got[0] || got[1] {
			t.Errorf("keys 1 and %d: %v, want both refused", other, got)
		}
	}
}
