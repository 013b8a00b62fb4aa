package sim

import (
	"encoding/binary"
	"math/big"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/replica"
)

// lottery: every block was forged by who won, and every seed follows from the
// one before. It draws again with big integers and nothing of the node's code.
type lottery struct {
	Watching
	height uint64
	seed   chain.Hash // of height
	won    map[chain.Address]*share
}

// share is what a validator won of round 0, and what its stake promised.
type share struct {
	blocks   int
	expected float64
	variance float64
}

func newLottery(*World) *lottery { return &lottery{won: map[chain.Address]*share{}} }

func (l *lottery) Decided(n *Node, d replica.Decision) {
	if n.byzantine || n.twinOf != nil {
		return
	}
	h := &d.Block.Header
	if l.height == 0 && h.Height == 1 {
		l.seed = chain.Sum([]byte("posnet/seed/v1"), n.genesisHash[:])
	}
	if h.Height != l.height+1 {
		return // seen before
	}
	if d.Seed != l.seed {
		n.Violate("lottery: %s drew height %d with another seed", n.Name, h.Height)
	}
	w := l.draw(d, h.Round)
	if w != h.Forger {
		n.Violate("lottery: height %d round %d was forged by %s, %s won", h.Height, h.Round, h.Forger, w)
	}
	first := w
	if h.Round > 0 {
		first = l.draw(d, 0)
	}
	l.count(d, first)
	l.height++
	if h.Round > 0 {
		l.seed = chain.Sum(l.seed[:], []byte("skip"))
		return
	}
	i, _ := d.Set.Index(h.Forger)
	input := append(append(append([]byte{}, h.Genesis[:]...), l.seed[:]...), chain.Uint64(h.Height)...)
	beta, err := n.known.VRFVerify(d.Set.At(i).Keys.VRF, input, [keys.ProofSize]byte(h.VRFProof))
	if err != nil {
		n.Violate("lottery: the VRF proof of height %d does not hold: %v", h.Height, err)
	}
	l.seed = chain.Sum(l.seed[:], beta[:])
}

// draw is the winner of a round, drawn as docs/protocol.md says it.
func (l *lottery) draw(d replica.Decision, round uint64) chain.Address {
	height, n := d.Block.Header.Height, uint64(d.Set.Len())
	out := map[int]bool{}
	for r := round - round%n; ; r++ {
		total := uint64(0)
		for i := range d.Set.Len() {
			if !out[i] {
				total += d.Set.At(i).Stake
			}
		}
		x := l.reference(height, r, total)
		for i := range d.Set.Len() {
			if out[i] {
				continue
			}
			if x < d.Set.At(i).Stake {
				if r == round {
					return d.Set.At(i).Address
				}
				out[i] = true
				break
			}
			x -= d.Set.At(i).Stake
		}
	}
}

// reference is x(height, round) by Lemire's method in big integers.
func (l *lottery) reference(height, round, total uint64) uint64 {
	two64 := new(big.Int).Lsh(big.NewInt(1), 64)
	t := new(big.Int).SetUint64(total)
	biased := new(big.Int).Mod(two64, t)
	for ctr := uint64(0); ; ctr++ {
		h := chain.Sum([]byte("posnet/lottery/v1"), l.seed[:], chain.Uint64(height), chain.Uint64(round), chain.Uint64(ctr))
		product := new(big.Int).Mul(new(big.Int).SetUint64(binary.BigEndian.Uint64(h[:8])), t)
		high, low := new(big.Int).DivMod(product, two64, new(big.Int))
		if low.Cmp(biased) >= 0 {
			return high.Uint64()
		}
	}
}

// count adds up what round 0 gave each validator, beside what its stake promised.
func (l *lottery) count(d replica.Decision, winner chain.Address) {
	for i := range d.Set.Len() {
		v := d.Set.At(i)
		s := l.won[v.Address]
		if s == nil {
			s = &share{}
			l.won[v.Address] = s
		}
		p := float64(v.Stake) / float64(d.Set.Total())
		s.expected += p
		s.variance += p * (1 - p)
		if v.Address == winner {
			s.blocks++
		}
	}
}

// End sees that nobody won more or less than luck explains: 7 standard
// deviations are one run in a hundred thousand million.
func (l *lottery) End(w *World) {
	for a, s := range l.won {
		off := float64(s.blocks) - s.expected
		if s.expected >= 20 && off*off > 49*s.variance {
			w.Violate("lottery: %s won %d of %d draws, its stake promised %.1f", a, s.blocks, l.height, s.expected)
		}
	}
}
