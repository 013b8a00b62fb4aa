package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

// liars makes some validators Byzantine in one thing only: what they answer to those who catch up. lie changes an answer
// and reports whether it did. Honest nodes are stopped long enough to have a lot to ask for; liars lie to the end of the run.
func liars(f *Fault, w *sim.World, r *rand.Rand, lie func(*sim.Fetch) bool) []*sim.Node {
	guilty := w.CorruptSome(r)
	lies := map[*sim.Node]bool{}
	for _, n := range guilty {
		lies[n] = true
	}
	w.OnFetch(func(a *sim.Fetch) {
		if lies[a.By] && lie(a) {
			w.Fired(f)
		}
	})
	fallBehind(w, r)
	return guilty
}

// fallBehind stops honest nodes for so long that they have to catch up: those without stake at any time, of the
// validators one after the other, since the chain is to go on without it.
func fallBehind(w *sim.World, r *rand.Rand) {
	honest := func(nodes []*sim.Node) (out []*sim.Node) {
		for _, n := range nodes {
			if !n.Byzantine() {
				out = append(out, n)
			}
		}
		return out
	}
	validators := len(w.Validators())
	w.While(sim.Between(r, 100, 1000), func() uint64 {
		pause := sim.Between(r, 300, 3000)
		for _, n := range honest(w.Nodes()[validators:]) {
			n.Stop(pause)
		}
		return pause + sim.Between(r, 200, 2000)
	})
	w.While(sim.Between(r, 100, 1000), func() uint64 {
		pause := sim.Between(r, 300, 4000)
		if n := pick(r, honest(w.Validators())); n != nil {
			n.Stop(pause)
		}
		return pause + sim.Between(r, 300, 2000)
	})
}

// anyOf is a random block of an answer; -1 if it has none, or another lie has emptied it.
func anyOf(r *rand.Rand, a *sim.Fetch) int {
	if len(a.Blocks) == 0 {
		return -1
	}
	i := r.IntN(len(a.Blocks))
	if b := a.Blocks[i]; len(b.Block) == 0 || len(b.Certificate) == 0 {
		return -1
	}
	return i
}

// noise is n random bytes.
func noise(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}
