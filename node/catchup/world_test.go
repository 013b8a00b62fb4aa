package catchup

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	errWrong     = errors.New("the block is wrong")
	errCancelled = errors.New("cancelled")
)

// failer is a testing.T or a rapid.T.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
}

// world is a node that is behind, and its peers, in simulated time: the driver of an [Engine] that plays events in the order
// of their instants. It checks at every step what must always hold.
type world struct {
	failer
	e      *Engine
	now    time.Duration
	events []event // by instant, then in the order of their making

	height    uint64
	broken    uint64        // applying this height fails for a reason of our own
	fullUntil time.Duration // the disk has no room until then
	peers     map[string]*fake
	open      map[RequestID]*question
	resting   map[string]time.Duration
	blamed    []string
	last      RequestID
	inputs    int // at this instant
}

type event struct {
	at  time.Duration
	run func()
}

// fake is a peer: what it claims, how it answers, when it is not there.
type fake struct {
	claims uint64
	base   uint64 // the first block it says it has
	answer func(from uint64, count int) reply
	gone   func(now time.Duration) bool
	asked  int
	open   int
}

// reply is an answer on its way.
type reply struct {
	after    time.Duration
	blocks   []Block
	err      error
	never    bool          // not before it is cancelled
	again    bool          // the answer comes twice
	stubborn time.Duration // it comes all the same when it is cancelled, so much later
}

type question struct {
	peer      string
	reply     reply
	cancelled bool
}

func newWorld(f failer, peers map[string]*fake) *world {
	w := &world{
		failer: f, peers: peers, now: 1234 * time.Hour, // time may begin anywhere
		open: map[RequestID]*question{}, resting: map[string]time.Duration{},
	}
	var err error
	w.e, err = NewEngine(Ports{
		Height: func() uint64 { return w.height },
		Peers:  w.list, Ask: w.ask, Cancel: w.cancel, Apply: w.apply,
		Hostile: func(err error) bool { return errors.Is(err, errWrong) },
		Blame: func(peer string, err error) {
			w.blamed = append(w.blamed, peer)
			w.Logf("%v: blamed %s at height %d: %v", w.now, peer, w.height, err)
		},
		Passed: func(peer string, rest time.Duration, _ error) { w.resting[peer] = w.now + rest },
	})
	if err != nil {
		f.Fatalf("make an engine: %v", err)
	}
	return w
}

// after has something happen later.
func (w *world) after(d time.Duration, run func()) {
	at := w.now + d
	i, _ := slices.BinarySearchFunc(w.events, at, func(e event, at time.Duration) int {
		if e.at <= at {
			return -1
		}
		return 1
	})
	w.events = slices.Insert(w.events, i, event{at, run})
}

// decides has consensus decide so many blocks, one every so often.
func (w *world) decides(blocks int, every time.Duration) {
	for i := range blocks {
		w.after(time.Duration(i+1)*every, func() { w.height++ })
	}
}

// play lets time pass until done holds, and fails when an hour is not enough. It returns how long it took.
func (w *world) play(done func() bool) time.Duration {
	w.Helper()
	began := w.now
	for !done() {
		if w.now-began > time.Hour {
			w.Fatalf("an hour passed: height %d, %+v, blamed %v", w.height, w.e.Stats(), w.blamed)
		}
		w.step()
	}
	return w.now - began
}

func (w *world) playFor(d time.Duration) {
	w.Helper()
	over := false
	w.after(d, func() { over = true })
	w.play(func() bool { return over })
}

// step plays the next event, or the engine's tick if that is due before.
func (w *world) step() {
	w.Helper()
	at := max(w.now, w.e.Next())
	event := len(w.events) > 0 && w.events[0].at <= at
	if event {
		at = w.events[0].at
	}
	if w.inputs++; at > w.now {
		w.now, w.inputs = at, 0
	} else if w.inputs > 10_000 {
		w.Fatalf("time stands still: %+v", w.e.Stats())
	}
	if event {
		run := w.events[0].run
		w.events = w.events[1:]
		run()
	} else {
		w.must(w.e.Tick(w.now))
	}
	if err := w.e.Stats().Check(); err != nil {
		w.Fatalf("%v", err)
	}
}

// must takes what an input returned.
func (w *world) must(err error) {
	w.Helper()
	if (err != nil) != (w.broken > 0 && w.height+1 == w.broken && err != nil) {
		w.Fatalf("height %d: the engine failed: %v", w.height, err)
	}
}

func (w *world) list() []Peer {
	var out []Peer
	for id, p := range w.peers { // in any order, as the port allows
		if p.gone == nil || !p.gone(w.now) {
			out = append(out, Peer{ID: id, Height: p.claims, Base: p.base})
		}
	}
	return out
}

func (w *world) ask(r Request) {
	p := w.peers[r.Peer]
	switch {
	case p == nil || (p.gone != nil && p.gone(w.now)):
		w.Fatalf("%+v: there is no such peer", r)
	case w.resting[r.Peer] > w.now:
		w.Fatalf("%+v: the peer rests for %v more", r, w.resting[r.Peer]-w.now)
	case r.Count < 1 || r.Count > StretchBlocks || r.From <= w.height || r.From > w.height+Window*StretchBlocks:
		w.Fatalf("%+v: that is not what is wanted next at height %d", r, w.height)
	case r.From > p.claims || uint64(r.Count) > p.claims-r.From+1:
		w.Fatalf("%+v: the peer claims height %d and no more", r, p.claims)
	case r.From < p.base:
		w.Fatalf("%+v: the peer has blocks from %d on", r, p.base)
	case r.ID <= w.last:
		w.Fatalf("%+v: the id is not new", r)
	case p.open >= PerPeer || len(w.open) >= MaxRequests:
		w.Fatalf("%+v: %d requests are under way, %d of them with this peer", r, len(w.open), p.open)
	}
	w.last = r.ID
	p.asked++
	p.open++
	q := &question{peer: r.Peer, reply: p.answer(r.From, r.Count)}
	w.open[r.ID] = q
	if !q.reply.never {
		w.after(q.reply.after, func() { w.answer(r.ID, q.reply.blocks, q.reply.err) })
	}
}

func (w *world) answer(id RequestID, blocks []Block, err error) {
	q := w.open[id]
	if q == nil {
		return // it was cancelled, and that was answered
	}
	delete(w.open, id)
	w.peers[q.peer].open--
	w.must(w.e.Answered(w.now, id, blocks, err))
	if q.reply.again {
		w.must(w.e.Answered(w.now, id, blocks, err))
	}
}

func (w *world) cancel(id RequestID) {
	q := w.open[id]
	if q == nil || q.cancelled {
		w.Fatalf("request %d is not under way, and is cancelled", id)
	}
	q.cancelled = true
	if q.reply.stubborn > 0 {
		w.after(q.reply.stubborn, func() { w.answer(id, q.reply.blocks, nil) })
		return
	}
	w.after(time.Millisecond, func() { w.answer(id, nil, errCancelled) })
}

func (w *world) apply(b Block) error {
	if w.height >= 1 && string(b.Block) == string(block(w.height).Block) {
		return nil // known already
	}
	want := block(w.height + 1)
	switch {
	case w.now < w.fullUntil:
		return fmt.Errorf("the disk is full: %w", ErrLater)
	case w.broken == w.height+1:
		return errors.New("disk on fire")
	case strings.HasPrefix(string(b.Block), "old"):
		return nil // not the next: no error, and no progress
	case string(b.Block) != string(want.Block):
		return fmt.Errorf("%w: %q at height %d", errWrong, b.Block, w.height)
	case string(b.Certificate) != string(want.Certificate):
		return fmt.Errorf("%w: %q certifies nothing", errWrong, b.Certificate)
	}
	w.height++
	return nil
}

func block(height uint64) Block {
	return Block{Block: fmt.Appendf(nil, "block %d", height), Certificate: fmt.Appendf(nil, "certificate of %d", height)}
}

func blocks(from, to uint64) []Block {
	var out []Block
	for h := from; h <= to; h++ {
		out = append(out, block(h))
	}
	return out
}

// honest answers after a delay with what it has up to tip, at most atOnce blocks.
func honest(tip uint64, atOnce int, delay time.Duration) func(uint64, int) reply {
	return func(from uint64, count int) reply {
		return reply{after: delay, blocks: blocks(from, min(tip, from+uint64(min(count, atOnce))-1))}
	}
}

func stalls(uint64, int) reply { return reply{never: true} }

func (w *world) reached(height uint64) func() bool {
	return func() bool { return w.height >= height }
}

var _ failer = (*testing.T)(nil)
