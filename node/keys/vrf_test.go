package keys_test

import (
	"encoding/hex"
	"errors"
	"testing"

	"github.com/posnet/posnet/node/keys"
)

// Examples 19 to 21 of RFC 9381 B.4, ECVRF-EDWARDS25519-SHA512-ELL2. Drafts before the eleventh hash other points and have
// other proofs for the same inputs, so these tell the final suite from them.
var rfc9381 = []struct{ seed, public, alpha, proof, beta string }{
	{
		"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
		"",
		"7d9c633ffeee27349264cf5c667579fc583b4bda63ab71d001f89c10003ab46f14adf9a3cd8b8412d9038531e865c341cafa73589b023d14311c331a9ad15ff2fb37831e00f0acaa6d73bc9997b06501",
		"9d574bf9b8302ec0fc1e21c3ec5368269527b87b462ce36dab2d14ccf80c53cccf6758f058c5b1c856b116388152bbe509ee3b9ecfe63d93c3b4346c1fbc6c54",
	},
	{
		"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
		"72",
		"47b327393ff2dd81336f8a2ef10339112401253b3c714eeda879f12c509072ef055b48372bb82efbdce8e10c8cb9a2f9d60e93908f93df1623ad78a86a028d6bc064dbfc75a6a57379ef855dc6733801",
		"38561d6b77b71d30eb97a062168ae12b667ce5c28caccdf76bc88e093e4635987cd96814ce55b4689b3dd2947f80e59aac7b7675f8083865b46c89b2ce9cc735",
	},
	{
		"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
		"af82",
		"926e895d308f5e328e7aa159c06eddbe56d06846abf5d98c2512235eaa57fdce35b46edfc655bc828d44ad09d1150f31374e7ef73027e14760d42e77341fe05467bb286cc2c9d7fde29120a0b2320d04",
		"121b7f9b9aaaa29099fc04a94ba52784d44eac976dd1a3cca458733be5cd090a7b5fbd148444f17f8daf1fb55cb04b1ae85a626e30a54b4b0f8abf4a43314a58",
	},
}

func TestVRFProofsAreThoseOfRFC9381(t *testing.T) {
	t.Parallel()
	for i, v := range rfc9381 {
		key, alpha := keys.FromSeed([32]byte(unhex(t, v.seed))), unhex(t, v.alpha)
		proof := keys.VRFProve(key, alpha)
		if hex.EncodeToString(proof[:]) != v.proof {
			t.Errorf("example %d: proof %x, want %s", i+19, proof, v.proof)
		}
		beta, err := keys.VRFVerify([32]byte(unhex(t, v.public)), alpha, proof)
		if err != nil || hex.EncodeToString(beta[:]) != v.beta {
			t.Errorf("example %d: output %x, %v, want %s", i+19, beta, err, v.beta)
		}
		if hash, err := keys.VRFHash(proof); err != nil || hash != beta {
			t.Errorf("example %d: hash of the proof %x, %v, want the verified output", i+19, hash, err)
		}
	}
}

func TestAVRFProofHoldsForItsKeyAndInputOnly(t *testing.T) {
	t.Parallel()
	key := keyOf(1)
	alpha := []byte("seed and height")
	proof := keys.VRFProve(key, alpha)
	flip := func(i int) [keys.ProofSize]byte { p := proof; p[i] ^= 1; return p }
	for name, try := range map[string]func() error{
		"another key":     func() error { _, err := keys.VRFVerify(keyOf(2).Public(), alpha, proof); return err },
		"another input":   func() error { _, err := keys.VRFVerify(key.Public(), []byte("seed"), proof); return err },
		"gamma changed":   func() error { _, err := keys.VRFVerify(key.Public(), alpha, flip(0)); return err },
		"c changed":       func() error { _, err := keys.VRFVerify(key.Public(), alpha, flip(32)); return err },
		"s changed":       func() error { _, err := keys.VRFVerify(key.Public(), alpha, flip(48)); return err },
		"s not canonical": func() error { p := proof; p[79] |= 0xf0; _, err := keys.VRFVerify(key.Public(), alpha, p); return err },
		"an empty proof": func() error {
			_, err := keys.VRFVerify(key.Public(), alpha, [keys.ProofSize]byte{})
			return err
		},
	} {
		if err := try(); !errors.Is(err, keys.ErrBadProof) {
			t.Errorf("%s: %v, want ErrBadProof", name, err)
		}
	}
}

func TestVRFKeysOfSmallOrderAreRefused(t *testing.T) {
	t.Parallel()
	proof := keys.VRFProve(keyOf(1), nil)
	for _, pub := range smallOrderEncodings(t) {
		if _, err := keys.VRFVerify(pub, nil, proof); !errors.Is(err, keys.ErrSmallOrder) {
			t.Errorf("key %x: %v, want ErrSmallOrder", pub, err)
		}
	}
}

func FuzzVRFVerify(f *testing.F) {
	for _, v := range rfc9381 {
		f.Add(unhex(f, v.public), unhex(f, v.alpha), unhex(f, v.proof))
	}
	f.Fuzz(func(t *testing.T, rawPub, alpha, rawProof []byte) {
		var pub [32]byte
		var proof [keys.ProofSize]byte
		copy(pub[:], rawPub)
		copy(proof[:], rawProof)
		beta, err := keys.VRFVerify(pub, alpha, proof)
		if err != nil {
			return
		}
		if hash, err := keys.VRFHash(proof); err != nil || hash != beta {
			t.Fatalf("a verified proof hashes to %x, %v, not to its output %x", hash, err, beta)
		}
	})
}

func BenchmarkVRFProve(b *testing.B) {
	key, alpha := keyOf(1), make([]byte, 72)
	for b.Loop() {
		keys.VRFProve(key, alpha)
	}
}

func BenchmarkVRFVerify(b *testing.B) {
	key, alpha := keyOf(1), make([]byte, 72)
	pub, proof := key.Public(), keys.VRFProve(key, alpha)
	for b.Loop() {
		if _, err := keys.VRFVerify(pub, alpha, proof); err != nil {
			b.Fatal(err)
		}
	}
}
