package stake

import (
	"encoding/binary"
	"math/bits"
	"sort"

	"github.com/posnet/posnet/node/chain"
)

// GenesisSeed is seed(0): the randomness of height 1.
func GenesisSeed(genesis chain.Hash) chain.Hash {
	return chain.Sum([]byte("posnet/seed/v1"), genesis[:])
}

// NextSeed is seed(h), made when height h is decided. beta is the VRF output
// of the forger if the decided header has round 0; nil otherwise.
func NextSeed(seed chain.Hash, beta []byte) chain.Hash {
	if beta == nil {
		return chain.Sum(seed[:], []byte("skip"))
	}
	return chain.Sum(seed[:], beta)
}

// VRFInput is what the forger of height proves with its VRF key; seed is that
// of the previous height.
func VRFInput(genesis, seed chain.Hash, height uint64) []byte {
	b := append([]byte(nil), genesis[:]...)
	b = append(b, seed[:]...)
	return binary.BigEndian.AppendUint64(b, height)
}

// Reference is x(height, round): a uniform point of [0, total). seed is that of
// the previous height. attempts is how many hashes it took: a value in the
// biased tail of 64 bits is thrown away (Lemire, "Fast random integer
// generation in an interval", ACM TOMACS 29(1), 2019). total must not be 0.
func Reference(seed chain.Hash, height, round, total uint64) (x uint64, attempts uint64) {
	threshold := -total % total // (2^64 - total) mod total
	for ctr := uint64(0); ; ctr++ {
		h := chain.Sum([]byte("posnet/lottery/v1"), seed[:], chain.Uint64(height), chain.Uint64(round), chain.Uint64(ctr))
		hi, lo := bits.Mul64(binary.BigEndian.Uint64(h[:8]), total)
		if lo >= threshold {
			return hi, ctr + 1
		}
	}
}

// Arc is the share of the ring of one validator in a draw.
type Arc struct {
	Validator int    // position in the set
	Start     uint64 // first lot
	End       uint64 // one past the last lot
	Offset    uint64 // clockwise from the reference to its nearest lot; the winner's is 0
}

// Draw is the lottery of one height and round, laid open.
type Draw struct {
	Height, Round uint64
	Seed          chain.Hash // of the previous height
	Total         uint64     // lots on the ring of this round
	Reference     uint64
	Attempts      uint64
	Arcs          []Arc // of those that take part
	Excluded      []int // earlier winners of this cycle, in the order they won
	Winner        int
}

// Winner is the forger of a height and round: O(log n) in round 0.
func (s *Set) Winner(seed chain.Hash, height, round uint64) int {
	cycle := round % uint64(len(s.validators))
	if cycle == 0 {
		x, _ := Reference(seed, height, round, s.Total())
		return s.at(x)
	}
	ring := s.replay(seed, height, round-cycle, cycle)
	x, _ := Reference(seed, height, round, ring.total)
	return ring.at(x)
}

// Draw lays the lottery of a height and round open.
func (s *Set) Draw(seed chain.Hash, height, round uint64) Draw {
	cycle := round % uint64(len(s.validators))
	ring := s.replay(seed, height, round-cycle, cycle)
	d := Draw{Height: height, Round: round, Seed: seed, Total: ring.total, Excluded: ring.winners}
	d.Reference, d.Attempts = Reference(seed, height, round, ring.total)
	start := uint64(0)
	for i, v := range s.validators {
		if ring.out[i] {
			continue
		}
		a := Arc{Validator: i, Start: start, End: start + v.Stake}
		switch {
		case d.Reference < a.Start:
			a.Offset = a.Start - d.Reference
		case d.Reference >= a.End:
			a.Offset = ring.total - d.Reference + a.Start
		default:
			d.Winner = i
		}
		d.Arcs = append(d.Arcs, a)
		start = a.End
	}
	return d
}

// at finds the validator whose arc holds point x of the full ring.
func (s *Set) at(x uint64) int {
	return sort.Search(len(s.ends), func(i int) bool { return s.ends[i] > x })
}

// ring is what is left of a set after some rounds of a cycle.
type ring struct {
	set     *Set
	out     []bool
	winners []int
	total   uint64
}

// replay draws the first n rounds of the cycle that starts at round first.
// A cycle is as long as the set, which bounds the work.
func (s *Set) replay(seed chain.Hash, height, first, n uint64) ring {
	r := ring{set: s, out: make([]bool, len(s.validators)), total: s.Total()}
	for i := range n {
		x, _ := Reference(seed, height, first+i, r.total)
		w := r.at(x)
		r.out[w] = true
		r.winners = append(r.winners, w)
		r.total -= s.validators[w].Stake
	}
	return r
}

func (r *ring) at(x uint64) int {
	end := uint64(0)
	for i, v := range r.set.validators {
		if r.out[i] {
			continue
		}
		end += v.Stake
		if x < end {
			return i
		}
	}
	panic("stake: reference outside the ring") // x < total by construction
}
