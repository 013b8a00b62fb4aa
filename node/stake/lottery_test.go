package stake

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/posnet/posnet/node/chain"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files of this package")

func TestDrawIsWhatTheNaiveLotterySays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.SampledFrom([]uint64{1, 3, 100, 1 << 30, chain.MaxSupply / 16}).Draw(t, "most")
		stakes := rapid.SliceOfN(rapid.Uint64Range(1, most), 1, 12).Draw(t, "stakes")
		s := newSet(t, stakes...)
		sd, height := seed(rapid.Uint64().Draw(t, "seed")), rapid.Uint64Range(1, 1<<40).Draw(t, "height")
		round := rapid.OneOf(rapid.Uint64Range(0, 30), rapid.Uint64Range(0, chain.MaxRound)).Draw(t, "round")
		winner, offsets, excluded := naiveDraw(s, sd, height, round)
		if got := s.Winner(sd, height, round); got != winner {
			t.Fatalf("Winner is v%d, want v%d", got, winner)
		}
		d := s.Draw(sd, height, round)
		if d.Winner != winner || !slices.Equal(d.Excluded, excluded) || len(d.Arcs) != len(offsets) {
			t.Fatalf("Draw says %+v, want winner v%d, excluded %v", d, winner, excluded)
		}
		end, zeros := uint64(0), 0
		for _, a := range d.Arcs {
			if a.Offset != offsets[a.Validator] || a.Start != end || a.End != a.Start+s.At(a.Validator).Stake {
				t.Fatalf("arc %+v, want offset %d from %d", a, offsets[a.Validator], end)
			}
			if end = a.End; a.Offset == 0 {
				zeros++
			}
		}
		if zeros != 1 || end != d.Total {
			t.Fatalf("%d validators have offset 0, the arcs end at %d of %d", zeros, end, d.Total)
		}
		if x, n := naiveReference(sd, height, round, d.Total); x != d.Reference || n != d.Attempts {
			t.Fatalf("reference %d after %d attempts, want %d after %d", d.Reference, d.Attempts, x, n)
		}
	})
}

func TestReferenceAtTheBounds(t *testing.T) {
	t.Parallel()
	rejected := 0
	for _, total := range []uint64{1, 2, 3, 5, 7, 10, 255, 1 << 20, 1<<59 + 1, chain.MaxSupply - 1, chain.MaxSupply} {
		for i := range uint64(200) {
			x, n := Reference(seed(i), i, i%7, total)
			wantX, wantN := naiveReference(seed(i), i, i%7, total)
			if x != wantX || n != wantN || x >= total {
				t.Fatalf("total %d: reference %d after %d attempts, want %d after %d", total, x, n, wantX, wantN)
			}
			if n > 1 {
				rejected++
			}
		}
	}
	// 2^64 mod total is a sixteenth of 2^64 at most for these totals: the
	// rejection branch is taken, and seldom.
	if rejected == 0 {
		t.Error("no draw was ever rejected: the branch was not tried")
	}
	// A power of two divides 2^64: nothing is rejected.
	for i := range uint64(1000) {
		if _, n := Reference(seed(i), 1, 0, chain.MaxSupply); n != 1 {
			t.Fatal("a total of 2^60 rejects a draw")
		}
	}
}

// chiSquared is the statistic of observed counts against expected ones.
func chiSquared(observed []int, weights []uint64) float64 {
	total, n, sum := 0.0, 0.0, 0.0
	for i := range observed {
		total += float64(weights[i])
		n += float64(observed[i])
	}
	for i := range observed {
		want := n * float64(weights[i]) / total
		sum += (float64(observed[i]) - want) * (float64(observed[i]) - want) / want
	}
	return sum
}

// The seeds are fixed, so this passes or fails for good. 33.1 is what 11 degrees
// of freedom pass once in 2000 by chance.
func TestChanceToWinIsTheShareOfStake(t *testing.T) {
	t.Parallel()
	stakes := []uint64{1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233}
	s := newSet(t, stakes...)
	for _, round := range []uint64{0, uint64(s.Len()), 5 * uint64(s.Len())} { // all take part
		wins := make([]int, s.Len())
		for i := range uint64(40_000) {
			wins[s.Winner(seed(i), i+1, round)]++
		}
		if x := chiSquared(wins, stakes); x > 33.1 {
			t.Errorf("round %d: wins %v for stakes %v: chi squared %.1f", round, wins, stakes, x)
		}
	}
}

func TestReferenceIsUniform(t *testing.T) {
	t.Parallel()
	for _, total := range []uint64{16, 17, 3 << 58} {
		const bins = 16
		weights, counts := make([]uint64, bins), make([]int, bins)
		for b := range uint64(bins) {
			weights[b] = (b+1)*(total/bins) + min(b+1, total%bins) - b*(total/bins) - min(b, total%bins)
		}
		for i := range uint64(40_000) {
			x, _ := Reference(seed(i), 9, 4, total)
			bin, edge := 0, weights[0]
			for x >= edge {
				bin++
				edge += weights[bin]
			}
			counts[bin]++
		}
		if x := chiSquared(counts, weights); x > 39.7 { // 15 degrees of freedom, once in 2000
			t.Errorf("total %d: counts %v: chi squared %.1f", total, counts, x)
		}
	}
}

func TestACycleDrawsEveryValidatorOnce(t *testing.T) {
	t.Parallel()
	s := newSet(t, 1000, 1, 1, 500, 7)
	n := uint64(s.Len())
	for i := range uint64(50) {
		for cycle := range uint64(3) {
			seen := map[int]bool{}
			for r := range n {
				w := s.Winner(seed(i), 3, cycle*n+r)
				if seen[w] {
					t.Fatalf("seed %d cycle %d: v%d wins twice", i, cycle, w)
				}
				seen[w] = true
			}
		}
	}
	one := newSet(t, 5)
	for r := range uint64(10) {
		if one.Winner(seed(r), 1, r) != 0 {
			t.Fatal("a single validator wins every round")
		}
	}
}

// The original needed time in proportion to stake squared. Here stake is a
// number like any other, and round 0 a binary search.
func TestHoleHugeStakeDoesNotStallTheLottery(t *testing.T) { // counts allocations: not in parallel
	const n = MaxValidators
	stakes := make([]uint64, n)
	for i := range stakes {
		stakes[i] = chain.MaxSupply / n
	}
	s := newSet(t, stakes...)
	if s.Total() != chain.MaxSupply {
		t.Fatal("not the largest supply")
	}
	hashes := testing.AllocsPerRun(100, func() { s.Winner(seed(1), 1, 0) })
	if hashes > 16 {
		t.Errorf("a draw of %d validators with 2^60 lots takes %v allocations, it should take those of a hash or two", n, hashes)
	}
	for i := range uint64(20) {
		x, _ := Reference(seed(i), 1, 0, s.Total())
		if got := s.Winner(seed(i), 1, 0); got != int(x/(chain.MaxSupply/n)) {
			t.Fatalf("x %d is won by v%d", x, got)
		}
	}
}

func TestSeedsFollowEachOther(t *testing.T) {
	t.Parallel()
	g := chain.Sum([]byte("g"))
	if GenesisSeed(g) != chain.Sum([]byte("posnet/seed/v1"), g[:]) {
		t.Error("seed(0)")
	}
	s := seed(1)
	beta := []byte("sixty-four bytes of VRF output")
	if NextSeed(s, beta) != chain.Sum(s[:], beta) || NextSeed(s, nil) != chain.Sum(s[:], []byte("skip")) {
		t.Error("seed(h)")
	}
	if got := VRFInput(g, s, 0x0102); string(got) != string(slices.Concat(g[:], s[:], []byte{0, 0, 0, 0, 0, 0, 1, 2})) {
		t.Errorf("VRF input %x", got)
	}
}

func TestRingsAsText(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, c := range []struct {
		stakes []uint64
		rounds []uint64
	}{
		{[]uint64{1}, []uint64{0, 1}},
		{[]uint64{10, 20, 30, 40}, []uint64{0, 1, 2, 3, 4}},
		{[]uint64{1, 1, 998}, []uint64{0, 1}},
		{[]uint64{chain.MaxSupply / 2, chain.MaxSupply / 4, 1}, []uint64{0}},
	} {
		s := newSet(t, c.stakes...)
		for _, r := range c.rounds {
			fmt.Fprintln(&b, s.Draw(seed(7), 12, r))
		}
	}
	golden(t, "rings.txt", b.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s has changed (-rewrite writes it anew); got:\n%s\nwant:\n%s", path, got, want)
	}
}

func BenchmarkWinner(b *testing.B) {
	for _, n := range []int{4, 100, MaxValidators} {
		stakes := make([]uint64, n)
		for i := range stakes {
			stakes[i] = uint64(i + 1)
		}
		s := newSet(b, stakes...)
		for _, round := range []uint64{0, uint64(n) - 1} {
			b.Run(fmt.Sprintf("validators=%d/round=%d", n, round), func(b *testing.B) {
				for b.Loop() {
					s.Winner(seed(1), 1, round)
				}
			})
		}
	}
}
