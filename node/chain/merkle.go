package chain

import "fmt"

// MerkleRoot is the Merkle Tree Hash of RFC 9162, section 2.1.1, over the
// items in order; of no items it is SHA-256 of nothing.
func MerkleRoot(items [][]byte) Hash {
	switch len(items) {
	case 0:
		return Sum()
	case 1:
		return Sum([]byte{0}, items[0])
	}
	k := split(len(items))
	l, r := MerkleRoot(items[:k]), MerkleRoot(items[k:])
	return Sum([]byte{1}, l[:], r[:])
}

// MerkleProof is the inclusion proof of item i (RFC 9162, section 2.1.3.1).
func MerkleProof(items [][]byte, i int) []Hash {
	if i < 0 || i >= len(items) || len(items) == 1 {
		return nil
	}
	k := split(len(items))
	if i < k {
		return append(MerkleProof(items[:k], i), MerkleRoot(items[k:]))
	}
	return append(MerkleProof(items[k:], i-k), MerkleRoot(items[:k]))
}

// VerifyMerkle checks that item is number i of n under root
// (RFC 9162, section 2.1.3.2).
func VerifyMerkle(root Hash, item []byte, i, n uint64, proof []Hash) error {
	if i >= n {
		return fmt.Errorf("inclusion proof: item %d of %d", i, n)
	}
	fn, sn := i, n-1
	r := Sum([]byte{0}, item)
	for _, p := range proof {
		if sn == 0 {
			return fmt.Errorf("inclusion proof is too long")
		}
		if fn&1 == 1 || fn == sn {
			r = Sum([]byte{1}, p[:], r[:])
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			r = Sum([]byte{1}, r[:], p[:])
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 {
		return fmt.Errorf("inclusion proof is too short")
	}
	if r != root {
		return fmt.Errorf("inclusion proof leads to root %s, not %s", r.Short(), root.Short())
	}
	return nil
}

// split is the largest power of two below n.
func split(n int) int {
	k := 1
	for k*2 < n {
		k *= 2
	}
	return k
}
