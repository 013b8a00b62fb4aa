package faults

import (
	"math"
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

// scale is from a to b, every order of magnitude as often as any other: faults are mild and severe.
func scale(r *rand.Rand, a, b float64) float64 { return a * math.Pow(b/a, r.Float64()) }

// lasting is a time from a to b milliseconds, drawn by [scale].
func lasting(r *rand.Rand, a, b uint64) uint64 { return uint64(scale(r, float64(a), float64(b))) }

// part is a random part of nodes, never none and never all of several.
func part(r *rand.Rand, nodes []*sim.Node) map[*sim.Node]bool {
	out := map[*sim.Node]bool{}
	for _, i := range r.Perm(len(nodes))[:1+r.IntN(max(1, len(nodes)-1))] {
		out[nodes[i]] = true
	}
	return out
}

// alternate has something begin and end again and again while the faults last: it is off for a time, then on for a time.
func alternate(w *sim.World, off, on func() uint64, begin, end func()) {
	active := false
	w.While(off(), func() uint64 {
		if active = !active; active {
			begin()
			return on()
		}
		end()
		return off()
	})
}

// sever loses all that goes from one node to another while cut says so, answers to catching up too.
func sever(f *Fault, w *sim.World, cut func(from, to *sim.Node) bool) {
	w.OnSend(func(m *sim.Message) {
		if m.Copies > 0 && cut(m.From, m.To) {
			m.Copies = 0
			w.Fired(f)
		}
	})
	w.OnFetch(func(x *sim.Fetch) {
		if w.Faulty() && (cut(x.To, x.By) || cut(x.By, x.To)) {
			x.Lost = true
			w.Fired(f)
		}
	})
}
