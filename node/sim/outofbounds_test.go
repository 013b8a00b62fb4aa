package sim_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/stake"
	"github.com/posnet/posnet/node/store"
)

// halves is a network of two honest validators, the first two, that hear nothing of each other, and of Byzantine ones that
// run twice with the same keys: once beside each. When both halves have decided something different, or after a while, all
// hear all again.
type halves struct {
	sim.Watching
	apart   bool
	twins   map[*sim.Node]bool // second processes, which live in the second half
	decided [2]map[uint64]replica.Decision
	fork    uint64                   // the lowest height with two blocks; 0: none
	accused map[chain.Address][]byte // by the honest, with the evidence
	left    [2]side                  // on the disks at the end
	alone   [2]int                   // blocks decided while the halves heard nothing of each other
	broken  []string
}

// side is one side of a fork.
type side struct {
	block chain.Hash
	cert  chain.Certificate
}

const apartFor = 15_000

func (h *halves) Name() string { return "twins-in-two-halves" }

func (h *halves) Plan(w *sim.World, _ *rand.Rand) {
	h.apart, h.twins, h.accused = true, map[*sim.Node]bool{}, map[chain.Address][]byte{}
	h.decided = [2]map[uint64]replica.Decision{{}, {}}
	for _, n := range slices.Clone(w.Validators()[2:]) {
		if !n.Corrupt() {
			h.broken = append(h.broken, n.Name+" cannot be Byzantine")
			continue
		}
		twin, err := n.Twin()
		if err != nil {
			h.broken = append(h.broken, err.Error())
			return
		}
		h.twins[twin] = true
	}
	w.OnSendAlways(func(m *sim.Message) {
		if h.apart && h.half(m.From) != h.half(m.To) || m.To.Byzantine() && speaksFor(m.To, m) {
			m.Copies = 0 // twins do not want to know of each other: they would stop
		}
	})
	w.After(apartFor, func() { h.apart = false })
}

// half is where a node lives.
func (h *halves) half(n *sim.Node) int {
	if n.Index == 1 || h.twins[n] {
		return 1
	}
	return 0
}

// speaksFor reports whether a message holds what was signed with a node's key.
func speaksFor(n *sim.Node, m *sim.Message) bool {
	var v chain.SignedVote
	var p chain.SignedProposal
	switch m.Kind {
	case replica.FrameVote:
		return chain.Decode(m.Payload, &v, 1024) == nil && v.Validator == n.Address()
	case replica.FrameProposal:
		if chain.Decode(m.Payload, &p, chain.MaxProposalBytes) != nil {
			return false
		}
		b, err := chain.DecodeBlock(p.Block, chain.MaxBlockBytes)
		return err == nil && b.Header.Forger == n.Address()
	}
	return false
}

func (h *halves) Decided(n *sim.Node, d replica.Decision) {
	if n.Byzantine() || n.Index > 1 {
		return
	}
	height := d.Block.Header.Height
	h.decided[n.Index][height] = d
	if h.apart {
		h.alone[n.Index]++
	}
	other, ok := h.decided[1-n.Index][height]
	if ok && other.Hash != d.Hash && h.fork == 0 {
		h.fork, h.apart = height, false
	}
}

func (h *halves) Contradicted(n *sim.Node, e *chain.Evidence) {
	if n.Byzantine() {
		return
	}
	h.accused[e.Validator] = chain.Encode(e)
	for _, v := range n.Validators() {
		if v.Address() == e.Validator && !v.Byzantine() {
			h.broken = append(h.broken, "honest "+v.Name+" is accused")
		}
	}
}

// End reads the height of the fork back from the disks of the two honest nodes.
func (h *halves) End(w *sim.World) {
	for i, n := range w.Validators()[:2] {
		if h.fork == 0 {
			continue
		}
		_, genesis := w.Genesis()
		s, err := store.Open(n.Image(), "db", store.Options{Genesis: genesis})
		if err != nil {
			h.broken = append(h.broken, err.Error())
			continue
		}
		var left side
		raw, err := s.Block(h.fork)
		if err == nil {
			var b *chain.Block
			if b, err = chain.DecodeBlock(raw, chain.MaxBlockBytes); err == nil {
				left.block = b.Header.Hash()
			}
		}
		if err == nil {
			if raw, err = s.Certificate(h.fork); err == nil {
				err = chain.Decode(raw, &left.cert, chain.MaxBlockBytes)
			}
		}
		if err == nil {
			err = h.decided[i][h.fork].Set.VerifyCertificate(genesis, h.fork, left.block, &left.cert, nil)
		}
		for a, e := range h.accused { // anybody can check it against the state
			if err == nil {
				err = holds(s, genesis, w, a, e)
			}
		}
		if err != nil {
			h.broken = append(h.broken, fmt.Sprintf("%s, height %d: %v", n.Name, h.fork, err))
		}
		h.left[i] = left
		_ = s.Close()
	}
}

// holds checks evidence as a block with it would be checked, unless the state knows of it already.
func holds(s *store.Store, genesis chain.Hash, w *sim.World, a chain.Address, raw []byte) error {
	e, err := chain.DecodeEvidence(raw)
	if err != nil || e.Validator != a {
		return fmt.Errorf("the evidence names %s: %w", a, err)
	}
	var v ledger.Validator
	if _, err := ledger.Load(s.StateReader(), ledger.ValidatorKey(a), &v); err != nil || v.JailedAt != 0 {
		return err
	}
	g, _ := w.Genesis()
	_, err = ledger.CheckEvidence(s.StateReader(), genesis, g.Params, 1<<16, e)
	return err
}

// play runs two halves with stakes, the first two of which are honest.
func play(t *testing.T, seed uint64, outside bool, weights ...uint64) (*halves, sim.Result) {
	t.Helper()
	h := &halves{}
	cfg := sim.Config{
		Seed: seed, Nodes: len(weights), Weights: weights, Heights: 1 << 40, FaultTime: 2 * apartFor, CalmHeights: 5,
		TxEvery: 500, Faults: []sim.Fault{h}, Checkers: []sim.Checker{h}, OutOfBounds: outside,
	}
	res, err := sim.Run(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range h.broken {
		t.Errorf("seed %d: %s", seed, b)
	}
	return h, res
}

func TestMoreThanAThirdCanForkTheChainAndIsNamed(t *testing.T) {
	t.Parallel()
	for name, weights := range map[string][]uint64{
		"two of four":                     {100, 100, 100, 100},
		"a little more than a third":      {995, 995, 600, 410},
		"one that has more than a third":  {990, 990, 1020},
		"many small ones":                 {99, 99, 22, 20, 20, 20, 20},
		"half of it with a single member": {500, 500, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			named := 0
			for seed := range uint64(3) {
				h, _ := play(t, 100+seed, true, weights...)
				if h.fork == 0 {
					t.Errorf("seed %d: no fork: the halves decided %d and %d heights", seed, len(h.decided[0]), len(h.decided[1]))
					continue
				}
				if len(h.accused) == len(weights)-2 {
					named++
				}
				one, two := h.left[0], h.left[1]
				if one.block == two.block || one.block.IsZero() || two.block.IsZero() {
					t.Errorf("seed %d: the disks have blocks %s and %s at height %d: want both sides of the fork", seed, one.block.Short(), two.block.Short(), h.fork)
				}
				overlap(t, h, one, two, weights)
			}
			if named == 0 {
				t.Error("in no seed the honest, once they heard each other, found evidence against all who signed twice")
			}
		})
	}
}

// overlap sees that more than a third of the stake signed both certificates of a fork, and that those are evidence by
// themselves where they are of one round. Where they are not, they are what there is to look at.
func overlap(t *testing.T, h *halves, one, two side, weights []uint64) {
	t.Helper()
	d := h.decided[0][h.fork]
	votes := [2]map[int]chain.SignedVote{{}, {}}
	for i, c := range []*chain.Certificate{&one.cert, &two.cert} {
		signers, err := c.Indices(d.Set.Len())
		if err != nil {
			t.Fatal(err)
		}
		for n, v := range signers {
			votes[i][v] = chain.SignedVote{Vote: c.Vote(), Validator: d.Set.At(v).Address, Signature: c.Signatures[n]}
		}
	}
	sum, total, genesis := uint64(0), uint64(0), d.Block.Header.Genesis
	for v, first := range votes[0] {
		second, both := votes[1][v]
		if !both {
			continue
		}
		member := d.Set.At(v)
		sum += member.Stake
		if one.cert.Round != two.cert.Round {
			continue
		}
		a, b, err := chain.NewEvidence(chain.EvidenceVotes, member.Address, chain.Encode(&first), chain.Encode(&second)).Claims(genesis)
		if err != nil || !keys.Verify(member.Keys.Consensus, a.Message, a.Signature) || !keys.Verify(member.Keys.Consensus, b.Message, b.Signature) {
			t.Errorf("the two certificates of height %d are no evidence against %s: %v", h.fork, member.Address, err)
		}
	}
	for _, w := range weights {
		total += w
	}
	if !stake.Blocking(sum, total) {
		t.Errorf("%d of %d stake signed both certificates: want more than a third", sum, total)
	}
}

func TestAThirdAndLessCannotForkTheChain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		outside bool
		weights []uint64
	}{
		{"exactly a third, of one", true, []uint64{1000, 1000, 1000}},
		{"exactly a third, of two", true, []uint64{1000, 1000, 600, 400}},
		{"just below a third, of one", false, []uint64{1001, 1001, 999}},
		{"just below a third, of two", false, []uint64{1001, 1001, 600, 399}},
		{"below a third, beside one that is heavier", false, []uint64{1001, 1000, 600, 400}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(3) {
				h, res := play(t, 200+seed, c.outside, c.weights...)
				if h.fork != 0 || min(h.alone[0], h.alone[1]) != 0 {
					t.Errorf("seed %d: alone the halves decided %v blocks, and forked at %d: at most one has more than two thirds", seed, h.alone, h.fork)
				}
				if c.outside {
					continue // nothing more is promised
				}
				for _, v := range res.Violations {
					t.Errorf("seed %d: %s", seed, v)
				}
				if res.Heights == 0 {
					t.Errorf("seed %d: nothing was decided once they heard each other", seed)
				}
			}
		})
	}
}
