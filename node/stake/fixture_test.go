package stake

import (
	"math/big"

	"github.com/posnet/posnet/node/chain"
)

// failer is what *testing.T, *testing.B and *rapid.T have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// newSet makes a set of validators with these stakes, in this order.
func newSet(t failer, stakes ...uint64) *Set {
	t.Helper()
	vs := make([]Validator, len(stakes))
	for i, s := range stakes {
		vs[i] = Validator{Address: chain.Address{byte(i >> 8), byte(i), 1}, Stake: s}
	}
	s, err := NewSet(vs)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return s
}

func seed(i uint64) chain.Hash { return chain.Sum([]byte("test"), chain.Uint64(i)) }

// naiveReference is x(h, r) as DESIGN says it, in numbers of any size.
func naiveReference(seed chain.Hash, height, round, total uint64) (x, attempts uint64) {
	two64 := new(big.Int).Lsh(big.NewInt(1), 64)
	t := new(big.Int).SetUint64(total)
	least := new(big.Int).Mod(new(big.Int).Sub(two64, t), t)
	for ctr := uint64(0); ; ctr++ {
		h := chain.Sum([]byte("posnet/lottery/v1"), seed[:], chain.Uint64(height), chain.Uint64(round), chain.Uint64(ctr))
		product := new(big.Int).Mul(new(big.Int).SetBytes(h[:8]), t)
		hi, lo := new(big.Int).DivMod(product, two64, new(big.Int))
		if lo.Cmp(least) >= 0 {
			return hi.Uint64(), ctr + 1
		}
	}
}

// naiveDraw is the lottery as DESIGN says it: for each validator that takes
// part, walk clockwise from the reference to its nearest lot. It is linear in
// validators, and in rounds of the cycle.
func naiveDraw(s *Set, seed chain.Hash, height, round uint64) (winner int, offsets map[int]uint64, excluded []int) {
	n := uint64(s.Len())
	out := map[int]bool{}
	for r := round - round%n; ; r++ {
		total := uint64(0)
		for i := range s.Len() {
			if !out[i] {
				total += s.At(i).Stake
			}
		}
		x, _ := naiveReference(seed, height, r, total)
		offsets = map[int]uint64{}
		start := uint64(0)
		for i := range s.Len() {
			if out[i] {
				continue
			}
			end := start + s.At(i).Stake
			if x >= start && x < end {
				offsets[i], winner = 0, i
			} else {
				offsets[i] = (start + total - x) % total
			}
			start = end
		}
		if r == round {
			return winner, offsets, excluded
		}
		out[winner] = true
		excluded = append(excluded, winner)
	}
}
