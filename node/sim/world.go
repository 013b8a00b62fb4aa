package sim

import (
	"container/heap"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"math/rand/v2"
)

// world is simulated time: events in the order of their instants, and of their
// making where two share one.
type world struct {
	now    uint64 // milliseconds
	next   uint64
	events eventHeap
	random *rand.Rand
	trace  hash.Hash
}

type event struct {
	at, seq uint64
	run     func()
}

// epoch is when simulated time begins, in Unix milliseconds.
const epoch = 1_800_000_000_000

func newWorld(seed uint64) *world {
	return &world{now: epoch, random: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), trace: sha256.New()}
}

// after runs fn in the future.
func (w *world) after(ms uint64, fn func()) {
	w.next++
	heap.Push(&w.events, &event{at: w.now + ms, seq: w.next, run: fn})
}

// step runs the next event; false when there is none.
func (w *world) step() bool {
	if w.events.Len() == 0 {
		return false
	}
	e := heap.Pop(&w.events).(*event)
	w.now = e.at
	e.run()
	return true
}

// note adds to the trace, whose hash names the run.
func (w *world) note(kind byte, node int, parts ...[]byte) {
	var b [17]byte
	b[0] = kind
	binary.BigEndian.PutUint64(b[1:], w.now)
	binary.BigEndian.PutUint64(b[9:], uint64(node))
	w.trace.Write(b[:])
	for _, p := range parts {
		w.trace.Write(p)
	}
}

// chance is true with probability p.
func (w *world) chance(p float64) bool { return p > 0 && w.random.Float64() < p }

// between is uniform from a to b.
func (w *world) between(a, b uint64) uint64 { return a + w.random.Uint64N(b-a+1) }

type eventHeap []*event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || (h[i].at == h[j].at && h[i].seq < h[j].seq)
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)   { *h = append(*h, x.(*event)) }
func (h *eventHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	*h = old[:len(old)-1]
	return e
}
