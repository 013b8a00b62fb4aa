package keys_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"slices"
	"testing"

	"github.com/posnet/posnet/node/keys"
)

// speccheck are the twelve published cases of "Taming the many EdDSAs" (Chalkias,
// Garillot, Nikolaenko, SSR 2020, https://eprint.iacr.org/2020/1244, table 6c;
// github.com/novifinancial/ed25519-speccheck), on which libraries disagree, with
// what ZIP-215 says: any encoding of a point, s below the group order L, the
// cofactored equation, and what is hashed is the bytes as they came.
var speccheck = []struct {
	what              string
	valid             bool
	message, key, sig string
}{
	{
		"small-order A, small-order R, s = 0", true,
		"8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a0000000000000000000000000000000000000000000000000000000000000000",
	},
	{
		"small-order A, mixed-order R", true,
		"9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
		"f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
	},
	{
		"mixed-order A, small-order R", true,
		"aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab",
		"f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e",
	},
	{
		"mixed-order A, mixed-order R", true,
		"9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
		"cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
		"9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009",
	},
	{
		"passes only with the cofactor", true,
		"e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
		"cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
		"160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed5125ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09",
	},
	{
		"passes only if 8(kA) is computed, not (8k mod L)A", true,
		"e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
		"cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
		"21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405",
	},
	{
		"s above L, and the equation holds", false,
		"85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
		"442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
		"e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514",
	},
	{
		"s far above L", false,
		"85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
		"442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
		"8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa19427e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22",
	},
	{
		"non-canonical small-order R, which is hashed reduced: another message", false,
		"9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
		"f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff03be9678ac102edcd92b0210bb34d7428d12ffc5df5f37e359941266a4e35f0f",
	},
	{
		"non-canonical small-order R, hashed as it came", true,
		"9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
		"f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffca8c5b64cd208982aa38d4936621a4775aa233aa0505711d8fdcfdaa943d4908",
	},
	{
		"non-canonical small-order A, hashed reduced", true,
		"e96b7021eb39c1a163b6da4e3093dcd3f21387da4cc4572be588fafae23c155b",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dca5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
	},
	{
		"non-canonical small-order A, hashed as it came", true,
		"39a591f5321bbe07fd5a23dc2f39d025d74526615746727ceefd6e82ae65c06f",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dca5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
	},
}

// verifyBothWays verifies alone, and in a batch in the midst of good signatures,
// and fails when they disagree.
func verifyBothWays(t *testing.T, name string, pub [32]byte, msg []byte, sig [64]byte) bool {
	t.Helper()
	alone := keys.Verify(pub, msg, sig)
	b, good := keys.NewBatch(9), keyOf(1)
	for i := range 9 {
		if i == 4 {
			b.Add(pub, msg, sig)
		} else {
			m := []byte{byte(i)}
			b.Add(good.Public(), m, good.Sign(m))
		}
	}
	ok, each := b.Verify()
	if ok != alone || len(each) != 9 || each[4] != alone {
		t.Errorf("%s: alone %v, in a batch %v %v", name, alone, ok, each)
	}
	for i, one := range each {
		if i != 4 && !one {
			t.Errorf("%s: the good signature %d beside it is refused", name, i)
		}
	}
	return alone
}

func TestTheCasesOfTamingTheManyEdDSAs(t *testing.T) {
	t.Parallel()
	if len(speccheck) != 12 {
		t.Fatalf("%d cases, the paper has 12", len(speccheck))
	}
	for i, c := range speccheck {
		got := verifyBothWays(t, c.what, [32]byte(unhex(t, c.key)), unhex(t, c.message), [64]byte(unhex(t, c.sig)))
		if got != c.valid {
			t.Errorf("case %d, %s: %v, ZIP-215 says %v", i, c.what, got, c.valid)
		}
	}
}

// publishedZIP215 is the SHA-256 of the 196 published vectors of ZIP-215 (key and
// signature, 96 bytes each, in ascending order), as github.com/hdevalence/ed25519consensus
// and the libraries that follow it ship them; the message of each is "Zcash".
const publishedZIP215 = "c599ba2b05b4134f5d1ce1c949ff1b6e290093c4f09f6ace6cd738bf5fb2d19a"

func TestTheDerivedEdgeCasesAreThePublishedOnes(t *testing.T) {
	t.Parallel()
	points := smallOrderEncodings(t)
	var all [][]byte
	for _, a := range points {
		for _, r := range points {
			all = append(all, slices.Concat(a[:], r[:], make([]byte, 32)))
		}
	}
	slices.SortFunc(all, bytes.Compare)
	if sum := sha256.Sum256(bytes.Join(all, nil)); hex.EncodeToString(sum[:]) != publishedZIP215 || len(all) != 196 {
		t.Errorf("the %d derived vectors have hash %x, the published ones %s", len(all), sum, publishedZIP215)
	}
}

// The group order bounds s from above, whatever else is right: with s + kL in its
// place the equation still holds.
func TestEveryMultipleOfTheGroupOrderAddedToSIsRefused(t *testing.T) {
	t.Parallel()
	key, msg := keyOf(1), []byte("m")
	sig := key.Sign(msg)
	le := slices.Clone(sig[32:])
	slices.Reverse(le)
	s, limit := new(big.Int).SetBytes(le), new(big.Int).Lsh(big.NewInt(1), 256)
	tried := 0
	for s.Add(s, groupOrder()); s.Cmp(limit) < 0; s.Add(s, groupOrder()) {
		forged := sig
		var raw [32]byte
		s.FillBytes(raw[:])
		slices.Reverse(raw[:])
		copy(forged[32:], raw[:])
		if verifyBothWays(t, "s plus a multiple of L", key.Public(), msg, forged) {
			t.Errorf("s plus %d times the group order verifies", tried+1)
		}
		tried++
	}
	if tried < 14 {
		t.Errorf("only %d multiples fit 256 bits", tried)
	}
	// s = L and s = L - 1 with the identity as key and R: only the bound tells them apart from s = 0.
	identity := [32]byte{1}
	for what, n := range map[string]*big.Int{"L": groupOrder(), "2L": new(big.Int).Lsh(groupOrder(), 1)} {
		enc := littleEndian(n, 0)
		var forged [64]byte
		forged[0] = 1
		copy(forged[32:], enc[:])
		if verifyBothWays(t, "s = "+what, identity, msg, forged) {
			t.Errorf("s = %s verifies", what)
		}
	}
}

func TestOneBadSignatureAmongManyIsFoundWhereverItIs(t *testing.T) {
	t.Parallel()
	const n = 200 // above the size at which the library changes its algorithm
	for _, bad := range []int{0, 1, 63, 64, 128, n - 1} {
		b := keys.NewBatch(n)
		for i := range n {
			key, msg := keyOf(byte(i)), []byte{byte(i), 7}
			sig := key.Sign(msg)
			if i == bad {
				sig[40] ^= 4
			}
			b.Add(key.Public(), msg, sig)
		}
		ok, each := b.Verify()
		if ok || len(each) != n {
			t.Fatalf("the batch with a bad signature at %d: %v, %d answers", bad, ok, len(each))
		}
		for i, one := range each {
			if one == (i == bad) {
				t.Errorf("the bad one is %d, and %d is said to be valid: %v", bad, i, one)
			}
		}
	}
}

// Two wrong signatures whose errors cancel in a sum must not pass as a pair: the
// batch weighs each with a random factor.
func TestErrorsThatCancelAreFound(t *testing.T) {
	t.Parallel()
	key := keyOf(1)
	a, b := key.Sign([]byte("a")), key.Sign([]byte("b"))
	// s of one grows by d, s of the other falls by d.
	d := big.NewInt(12345)
	shift := func(sig [64]byte, by *big.Int) [64]byte {
		le := slices.Clone(sig[32:])
		slices.Reverse(le)
		s := new(big.Int).SetBytes(le)
		s.Add(s, by).Mod(s, groupOrder())
		enc := littleEndian(s, 0)
		copy(sig[32:], enc[:])
		return sig
	}
	batch := keys.NewBatch(2)
	batch.Add(key.Public(), []byte("a"), shift(a, d))
	batch.Add(key.Public(), []byte("b"), shift(b, new(big.Int).Neg(d)))
	if ok, each := batch.Verify(); ok || each[0] || each[1] {
		t.Errorf("two errors that cancel pass: %v %v", ok, each)
	}
}
