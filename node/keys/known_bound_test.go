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
