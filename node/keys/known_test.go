package keys_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/posnet/posnet/node/keys"
)

// TestWhatIsKnownChangesNoAnswer asks a memory, and a batch on it, the same questions as the plain functions: good ones,
// and good ones with one bit changed, again and again, in a memory that is too small for them.
func TestWhatIsKnownChangesNoAnswer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		known := keys.NewKnown(rapid.IntRange(1, 8).Draw(t, "size"))
		type question struct {
			pub [keys.PublicSize]byte
			msg []byte
			sig [keys.SignatureSize]byte
		}
		ask := func() question {
			k := keys.FromSeed([32]byte{byte(rapid.IntRange(0, 2).Draw(t, "key"))})
			q := question{pub: k.Public(), msg: []byte{byte(rapid.IntRange(0, 3).Draw(t, "message"))}}
			q.sig = k.Sign(q.msg)
			switch rapid.IntRange(0, 5).Draw(t, "wrong") {
			case 0:
				q.sig[rapid.IntRange(0, 63).Draw(t, "byte")] ^= 1
			case 1:
				q.msg = append(q.msg, 0)
			case 2:
				q.pub = keys.FromSeed([32]byte{9}).Public()
			}
			return q
		}
		for range rapid.IntRange(1, 12).Draw(t, "turns") {
			q := ask()
			if got, want := known.Verify(q.pub, q.msg, q.sig), keys.Verify(q.pub, q.msg, q.sig); got != want {
				t.Fatalf("a known signature is %v, checked it is %v", got, want)
			}
			batch, want, all := known.Batch(2), []bool{}, true
			for range rapid.IntRange(0, 5).Draw(t, "signatures") {
				q := ask()
				batch.Add(q.pub, q.msg, q.sig)
				good := keys.Verify(q.pub, q.msg, q.sig)
				want, all = append(want, good), all && good
			}
			ok, each := batch.Verify()
			if ok != all || len(each) != len(want) {
				t.Fatalf("the batch says %v %v, one by one it is %v", ok, each, want)
			}
			for i := range want {
				if each[i] != want[i] {
					t.Fatalf("signature %d: the batch says %v, one by one it is %v", i, each[i], want[i])
				}
			}
		}
	})
}

func TestAKnownProofIsThatOfItsKeyAndInputOnly(t *testing.T) {
	t.Parallel()
	known, key := keys.NewKnown(4), keys.FromSeed([32]byte{1})
	proof := keys.VRFProve(key, []byte("input"))
	want, err := keys.VRFVerify(key.Public(), []byte("input"), proof)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if beta, err := known.VRFVerify(key.Public(), []byte("input"), proof); err != nil || beta != want {
			t.Errorf("got %x, %v; want %x", beta, err, want)
		}
	}
	if _, err := known.VRFVerify(key.Public(), []byte("other"), proof); err == nil {
		t.Error("the proof of one input holds for another")
	}
	if _, err := known.VRFVerify(keys.FromSeed([32]byte{2}).Public(), []byte("input"), proof); err == nil {
		t.Error("the proof of one key holds for another")
	}
}
