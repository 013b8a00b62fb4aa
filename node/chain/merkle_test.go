package chain

import (
	"encoding/hex"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// naiveTree is the Merkle Tree Hash of RFC 9162, section 2.1.1, level by level:
// pairs are joined, and an item without a partner moves up.
func naiveTree(items [][]byte) Hash {
	if len(items) == 0 {
		return Sum()
	}
	level := make([]Hash, len(items))
	for i, it := range items {
		level[i] = Sum([]byte{0}, it)
	}
	for len(level) > 1 {
		var next []Hash
		for i := 0; i < len(level); i += 2 {
			if i+1 == len(level) {
				next = append(next, level[i])
			} else {
				next = append(next, Sum([]byte{1}, level[i][:], level[i+1][:]))
			}
		}
		level = next
	}
	return level[0]
}

// The items and roots of the test vectors of certificate transparency, on which
// RFC 9162 implementations agree.
func TestMerkleRootsOfCertificateTransparency(t *testing.T) {
	t.Parallel()
	var items [][]byte
	for _, s := range []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"} {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, b)
	}
	for n, want := range []string{
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	} {
		if got := MerkleRoot(items[:n]).String(); got != want {
			t.Errorf("root of %d items: %s, want %s", n, got, want)
		}
	}
}

func TestMerkleProofsHoldAndNothingElseDoes(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 40; n++ {
		var items [][]byte
		for i := range n {
			items = append(items, fmt.Append(nil, "item ", i))
		}
		root := MerkleRoot(items)
		if naive := naiveTree(items); root != naive {
			t.Fatalf("%d items: root %s, by the naive tree %s", n, root.Short(), naive.Short())
		}
		for i := range n {
			proof := MerkleProof(items, i)
			if err := VerifyMerkle(root, items[i], uint64(i), uint64(n), proof); err != nil {
				t.Fatalf("item %d of %d: %v", i, n, err)
			}
			for j := range n {
				if j != i && VerifyMerkle(root, items[i], uint64(j), uint64(n), proof) == nil {
					t.Fatalf("item %d of %d passes for number %d", i, n, j)
				}
			}
			for k := range proof {
				bad := append([]Hash(nil), proof...)
				bad[k][0] ^= 1
				if VerifyMerkle(root, items[i], uint64(i), uint64(n), bad) == nil {
					t.Fatalf("item %d of %d passes with a changed proof", i, n)
				}
			}
			if VerifyMerkle(root, []byte("another"), uint64(i), uint64(n), proof) == nil ||
				VerifyMerkle(root, items[i], uint64(i), uint64(n), append(proof, Hash{})) == nil ||
				(len(proof) > 0 && VerifyMerkle(root, items[i], uint64(i), uint64(n), proof[1:]) == nil) ||
				VerifyMerkle(root, items[i], uint64(n), uint64(n), proof) == nil {
				t.Fatalf("item %d of %d: a wrong proof passes", i, n)
			}
		}
		if MerkleProof(items, n) != nil || MerkleProof(items, -1) != nil {
			t.Fatal("there is a proof of an item that is not there")
		}
	}
}

func TestMerkleRootOfAnyItems(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		items := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 8), 0, 300).Draw(t, "items")
		if got, want := MerkleRoot(items), naiveTree(items); got != want {
			t.Fatalf("root %s, by the naive tree %s", got, want)
		}
	})
}
