package keys_test

import (
	"fmt"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/posnet/posnet/node/keys"
)

// groupOrder is L of RFC 8032 5.1.
func groupOrder() *big.Int {
	l, _ := new(big.Int).SetString("27742317777372353535851937790883648493", 10)
	return l.Add(l, new(big.Int).Lsh(big.NewInt(1), 252))
}

func TestWhatIsNotASignatureIsRefusedSinglyAndInBatches(t *testing.T) {
	t.Parallel()
	key, other, msg := keyOf(1), keyOf(2), []byte("message")
	good := key.Sign(msg)

	flip := func(i int) [64]byte { s := good; s[i] ^= 1; return s }
	malleable := good // s + L: the same signature to a lax verifier
	s := slices.Clone(good[32:])
	slices.Reverse(s)
	sum := new(big.Int).Add(new(big.Int).SetBytes(s), groupOrder())
	enc := littleEndian(sum, 0)
	copy(malleable[32:], enc[:])

	notAPoint := [32]byte{2} // y = 2 is on no point
	cases := []struct {
		name string
		pub  [32]byte
		msg  []byte
		sig  [64]byte
	}{
		{"another key", other.Public(), msg, good},
		{"another message", key.Public(), []byte("massage"), good},
		{"a bit of R flipped", key.Public(), msg, flip(0)},
		{"a bit of s flipped", key.Public(), msg, flip(32)},
		{"s plus the group order", key.Public(), msg, malleable},
		{"all zero", key.Public(), msg, [64]byte{}},
		{"a key that is no point", notAPoint, msg, good},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if keys.Verify(c.pub, c.msg, c.sig) {
				t.Error("verified alone")
			}
			b := keys.NewBatch(3)
			b.Add(key.Public(), msg, good)
			b.Add(c.pub, c.msg, c.sig)
			b.Add(key.Public(), msg, good)
			ok, each := b.Verify()
			if ok || !slices.Equal(each, []bool{true, false, true}) {
				t.Errorf("in a batch: %v %v, want the middle one refused", ok, each)
			}
		})
	}
}

func TestAnEmptyBatchIsValid(t *testing.T) {
	t.Parallel()
	if ok, each := keys.NewBatch(0).Verify(); !ok || each != nil {
		t.Errorf("got %v %v, want true and nothing", ok, each)
	}
}

func TestPublicKeysAreCheckedForFormAndOrder(t *testing.T) {
	t.Parallel()
	if err := keys.CheckPublicKey(keyOf(7).Public()); err != nil {
		t.Errorf("a real key: %v", err)
	}
	if err := keys.CheckPublicKey([32]byte{2}); err != keys.ErrNotAPoint {
		t.Errorf("y = 2: %v, want ErrNotAPoint", err)
	}
	// y = p + 3 is the second encoding of y = 3, a point of large order.
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	for _, sign := range []byte{0, 1} {
		if err := keys.CheckPublicKey(littleEndian(new(big.Int).Add(p, big.NewInt(3)), sign)); err != keys.ErrNotCanonical {
			t.Errorf("y = p + 3, sign %d: %v, want ErrNotCanonical", sign, err)
		}
		if err := keys.CheckPublicKey(littleEndian(big.NewInt(3), sign)); err != nil {
			t.Errorf("y = 3, sign %d: %v, want nil", sign, err)
		}
	}
}

func TestBatchAndSingleVerificationAlwaysAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "n")
		b := keys.NewBatch(n)
		want, allValid := make([]bool, n), true
		for i := range n {
			key := keyOf(rapid.Byte().Draw(t, "key"))
			pub, msg := key.Public(), rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "msg")
			sig := key.Sign(msg)
			if rapid.Bool().Draw(t, "damage") {
				at := rapid.IntRange(0, 95).Draw(t, "at")
				bit := byte(1) << rapid.IntRange(0, 7).Draw(t, "bit")
				if at < 64 {
					sig[at] ^= bit
				} else {
					pub[at-64] ^= bit
				}
			}
			want[i] = keys.Verify(pub, msg, sig)
			allValid = allValid && want[i]
			b.Add(pub, msg, sig)
		}
		if ok, each := b.Verify(); ok != allValid || !slices.Equal(each, want) {
			t.Fatalf("batch says %v %v, one by one they are %v", ok, each, want)
		}
	})
}

func FuzzVerifyAgreesWithBatch(f *testing.F) {
	key := keyOf(3)
	pub, sig := key.Public(), key.Sign([]byte("m"))
	f.Add(pub[:], []byte("m"), sig[:])
	f.Add(make([]byte, 32), []byte{}, make([]byte, 64))
	known := keys.NewKnown(1)
	f.Fuzz(func(t *testing.T, rawPub, msg, rawSig []byte) {
		var pub [32]byte
		var sig [64]byte
		copy(pub[:], rawPub)
		copy(sig[:], rawSig)
		b := keys.NewBatch(2)
		b.Add(pub, msg, sig)
		b.Add(key.Public(), []byte("m"), key.Sign([]byte("m")))
		if _, each := b.Verify(); each[0] != keys.Verify(pub, msg, sig) || !each[1] {
			t.Fatalf("key %x, message %x, signature %x: batch %v, single %v", pub, msg, sig, each, !each[0])
		}
		two := []keys.Signature{{Key: pub, Message: msg, Value: sig}, {Key: key.Public(), Message: []byte("m"), Value: key.Sign([]byte("m"))}}
		if got := keys.NewVerifier(known).Verify(two); got[0] != keys.Verify(pub, msg, sig) || !got[1] {
			t.Fatalf("key %x, message %x, signature %x: with a memory of keys a batch says %v", pub, msg, sig, got)
		}
		if got, want := known.CheckPublicKey(pub), keys.CheckPublicKey(pub); got != want {
			t.Fatalf("key %x: a memory says %v, the check %v", pub, got, want)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	key, msg := keyOf(1), make([]byte, 128)
	for b.Loop() {
		key.Sign(msg)
	}
}

func BenchmarkVerify(b *testing.B) {
	key, msg := keyOf(1), make([]byte, 128)
	pub, sig := key.Public(), key.Sign(msg)
	for b.Loop() {
		if !keys.Verify(pub, msg, sig) {
			b.Fatal("a good signature was refused")
		}
	}
}

// BenchmarkBatch64 reports the time of 64 signatures of 64 keys, and of one of them.
func BenchmarkBatch64(b *testing.B) {
	const n = 64
	type signed struct {
		pub [32]byte
		msg []byte
		sig [64]byte
	}
	var all []signed
	for i := range n {
		key, msg := keyOf(byte(i)), fmt.Appendf(make([]byte, 120), "%d", i)
		all = append(all, signed{key.Public(), msg, key.Sign(msg)})
	}
	for b.Loop() {
		batch := keys.NewBatch(n)
		for _, s := range all {
			batch.Add(s.pub, s.msg, s.sig)
		}
		if ok, _ := batch.Verify(); !ok {
			b.Fatal("a good batch was refused")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/signature")
}
