package sim

import (
	"container/heap"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"math/rand/v2"
)

// timeline is simulated time: events in the order of their instants, and of
// their making where two share one.
type timeline struct {
	now    uint64 // milliseconds
	next   uint64
	count  uint64 // of events that happened
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

func newTimeline(seed uint64) *timeline {
	return &timeline{now: epoch, random: stream(seed, "world"), trace: sha256.New()}
}

// stream is the random source of one part of a run. Parts have their own, so
// that taking one away leaves the others as they were.
func stream(seed uint64, name string) *rand.Rand {
	sum := sha256.Sum256([]byte(name))
	return rand.New(rand.NewPCG(seed, binary.BigEndian.Uint64(sum[:])))
}

// After runs fn some milliseconds from now.
func (t *timeline) After(ms uint64, fn func()) {
	t.next++
	heap.Push(&t.events, event{at: t.now + ms, seq: t.next, run: fn})
}

// step runs the next event; false when there is none.
func (t *timeline) step() bool {
	if len(t.events) == 0 {
		return false
	}
	e := heap.Pop(&t.events).(event)
	t.now = e.at
	t.count++
	e.run()
	return true
}

// note adds to the trace, whose hash names the run.
func (t *timeline) note(kind byte, node int, parts ...[]byte) {
	var b [17]byte
	b[0] = kind
	binary.BigEndian.PutUint64(b[1:], t.now)
	binary.BigEndian.PutUint64(b[9:], uint64(node))
	t.trace.Write(b[:])
	for _, p := range parts {
		t.trace.Write(p)
	}
}

// between is uniform from a to b.
func (t *timeline) between(a, b uint64) uint64 { return Between(t.random, a, b) }

// Between is uniform from a to b.
func Between(r *rand.Rand, a, b uint64) uint64 { return a + r.Uint64N(b-a+1) }

// Chance is true with probability p.
func Chance(r *rand.Rand, p float64) bool { return r.Float64() < p }

type eventHeap []event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || (h[i].at == h[j].at && h[i].seq < h[j].seq)
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)   { *h = append(*h, x.(event)) }
func (h *eventHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = event{}
	*h = old[:len(old)-1]
	return e
}
