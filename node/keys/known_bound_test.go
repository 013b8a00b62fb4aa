package keys

import "testing"

func TestAMemoryOfSignaturesStaysWithinItsSize(t *testing.T) {
	t.Parallel()
	known, key := NewKnown(8), FromSeed([32]byte{1})
	pub := key.Public()
	for i := range 200 {
		msg := []byte{byte(i)}
		known.Learn(pub, msg, key.Sign(msg))
		if n := len(known.new) + len(known.old); n > 8 {
			t.Fatalf("after %d signatures it holds %d, want at most 8", i+1, n)
		}
	}
	for i := range 3 * maxBetas {
		alpha := []byte{byte(i), byte(i >> 8)}
		if _, err := known.VRFVerify(pub, alpha, VRFProve(key, alpha)); err != nil {
			t.Fatal(err)
		}
		if n := len(known.betas); n > maxBetas {
			t.Fatalf("after %d proofs it holds %d outputs, want at most %d", i+1, n, maxBetas)
		}
	}
}

func TestAKnownSignatureHoldsForItsKeyAndMessageOnly(t *testing.T) {
	t.Parallel()
	key, other := FromSeed([32]byte{1}), FromSeed([32]byte{2})
	msg := []byte("a vote for block A")
	sig := key.Sign(msg)
	wrong := sig
	wrong[3] ^= 1
	known := NewKnown(100)
	for range 2 { // the second time it is known
		if !known.Verify(key.Public(), msg, sig) {
			t.Error("a good signature is refused")
		}
		if known.Verify(key.Public(), []byte("a vote for block B"), sig) {
			t.Error("a signature that is known holds for another message")
		}
		if known.Verify(other.Public(), msg, sig) {
			t.Error("a signature that is known holds for another key")
		}
		if known.Verify(key.Public(), msg, wrong) {
			t.Error("a wrong signature holds")
		}
		b := known.Batch(2)
		b.Add(key.Public(), []byte("another"), key.Sign([]byte("another")))
		b.Add(other.Public(), msg, wrong)
		if ok, each := b.Verify(); ok || !each[0] || each[1] {
			t.Errorf("a batch of a good and a wrong one: %v %v", ok, each)
		}
	}
}

func TestAMemoryOfKeysHoldsGoodOnesAndIsBounded(t *testing.T) {
	t.Parallel()
	known, bad := NewKnown(8), [PublicSize]byte{1} // of small order
	for i := range byte(3) {
		if err := known.CheckPublicKey(FromSeed([32]byte{i}).Public()); err != nil {
			t.Fatal(err)
		}
		if known.CheckPublicKey(bad) == nil {
			t.Fatal("a key of small order is good when it comes again")
		}
	}
	fresh := byte(9)
	for n := range uint32(maxPoints + maxPoints/2) {
		// As if it had been checked: that takes long.
		known.points[[PublicSize]byte{0, byte(n), byte(n >> 8), byte(n >> 16), 9}] = struct{}{}
		if len(known.points) == maxPoints/2 {
			fresh++
			if err := known.CheckPublicKey(FromSeed([32]byte{fresh}).Public()); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(known.points) + len(known.before); n > maxPoints {
			t.Fatalf("%d keys are kept, want at most %d", n, maxPoints)
		}
	}
}
