package snapshot

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/posnet/posnet/node/chain"
)

// world is a node that joins, and its peers, in simulated time.
type world struct {
	t      testing.TB
	c      *testChain
	e      *Engine
	sink   *memory
	now    time.Duration
	events []arrival
	peers  map[string]*fake
	blamed map[string][]error
	open   map[RequestID]bool // not answered yet; the value: cancelled
	asked  []Request
	tip    func(now time.Duration) uint64 // of the peers' chain; nil: all of it is there
}

type arrival struct {
	at time.Duration
	id RequestID
	a  Answer
}

// fake is a peer. What an answer function does not answer, the honest one does.
type fake struct {
	key    chain.PublicKey
	delay  time.Duration
	base   uint64 // first block
	offers []uint64
	lie    func(Request, Answer) (Answer, bool) // nil: honest. false: it never answers
	gone   func(now time.Duration) bool
	late   func(Request) time.Duration // nil: not at all
}

func (c *testChain) height() uint64 { return uint64(len(c.headers) - 1) }

// newWorld has peers that are the chain's validators, named v0 to v3, all honest.
func newWorld(t testing.TB, c *testChain, trust Trust) *world {
	w := &world{t: t, c: c, sink: c.sink(), now: 7 * time.Hour, peers: map[string]*fake{}, blamed: map[string][]error{}, open: map[RequestID]bool{}}
	for i, k := range c.validators {
		w.peers[fmt.Sprint("v", i)] = &fake{key: k.peer.Public(), delay: time.Duration(5+i) * time.Millisecond, base: 1, offers: []uint64{c.height()}}
	}
	var err error
	w.e, err = NewEngine(Config{Genesis: c.genesis, Trust: trust, Ports: Ports{
		Peers: func() []Peer {
			var out []Peer
			for _, id := range slices.Sorted(maps.Keys(w.peers)) {
				if p := w.peers[id]; p.gone == nil || !p.gone(w.now) {
					out = append(out, Peer{ID: id, Key: p.key})
				}
			}
			return out
		},
		Ask: w.ask,
		Cancel: func(id RequestID) {
			if _, ok := w.open[id]; !ok {
				t.Errorf("request %d was cancelled and is not under way", id)
			}
			w.open[id] = true
		},
		Blame: func(peer string, err error) { w.blamed[peer] = append(w.blamed[peer], err) },
		Sink:  func(uint64) (Sink, error) { return w.sink, nil },
	}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// ask has a peer answer, honestly or not.
func (w *world) ask(r Request) {
	w.asked = append(w.asked, r)
	w.open[r.ID] = false
	busy := map[string]int{}
	for _, q := range w.e.requests {
		if q.Kind != AskOffer {
			busy[q.Peer]++
		}
	}
	if busy[r.Peer] > PerPeer || len(w.e.requests) > MaxRequests || len(w.e.load.held) > Window {
		w.t.Errorf("%d requests with one peer, %d in all, %d chunks held", busy[r.Peer], len(w.e.requests), len(w.e.load.held))
	}
	p := w.peers[r.Peer]
	a := w.honest(p, r)
	at := w.now + p.delay
	if p.late != nil {
		at += p.late(r)
	}
	if p.lie != nil {
		var answers bool
		if a, answers = p.lie(r, a); !answers {
			at = w.now + time.Hour
		}
	}
	w.events = append(w.events, arrival{at, r.ID, a})
}

// honest is what a peer that has the chain answers.
func (w *world) honest(p *fake, r Request) (a Answer) {
	tip := w.c.height()
	if w.tip != nil {
		tip = w.tip(w.now)
	}
	switch r.Kind {
	case AskOffer:
		a.Part = chain.Encode(&Offer{Base: p.base, Height: tip, Snapshots: slices.DeleteFunc(append([]uint64{}, p.offers...), func(h uint64) bool { return h > tip })})
	case AskManifest:
		if slices.Contains(p.offers, r.Height) {
			m, _ := w.c.state()
			a.Part = chain.Encode(&answer{Manifest: chain.Encode(m)})
		}
	case AskChunk:
		_, chunks := w.c.state()
		a.Part = chunks[r.Index]
	case AskHeaders:
		known := r.Set
		for h := r.Height; h <= tip && h < r.Height+uint64(r.Count) && h >= p.base; h++ {
			headed := w.c.headed[h]
			if w.c.sets[h].Hash() == known {
				headed.Set = nil
			}
			known = w.c.sets[h].Hash()
			a.Headers = append(a.Headers, headed)
		}
	case AskBlock:
		if r.Height >= p.base {
			a.Part = w.c.blocks[r.Height]
		}
	}
	return a
}

// run plays until the engine is done or some time has passed.
func (w *world) run(limit time.Duration) {
	w.t.Helper()
	end := w.now + limit
	for w.now < end && w.e.phase != Done && w.e.err == nil {
		slices.SortStableFunc(w.events, func(a, b arrival) int { return cmp.Compare(a.at, b.at) })
		for i := range w.events { // a cancelled request is answered soon
			if w.open[w.events[i].id] {
				w.events[i].at = min(w.events[i].at, w.now)
			}
		}
		slices.SortStableFunc(w.events, func(a, b arrival) int { return cmp.Compare(a.at, b.at) })
		if len(w.events) > 0 && w.events[0].at <= max(w.e.Next(), w.now) {
			v := w.events[0]
			w.events = w.events[1:]
			w.now = max(w.now, v.at)
			delete(w.open, v.id)
			_ = w.e.Answered(w.now, v.id, v.a, nil)
			continue
		}
		w.now = max(w.now, w.e.Next())
		_ = w.e.Tick(w.now)
	}
}

// joined sees that the state was taken in whole.
func (w *world) joined() {
	w.t.Helper()
	r := w.sink.result
	if w.e.phase != Done || r == nil {
		w.t.Fatalf("the state was not taken in: %+v, %v", w.e.Stats(), w.e.err)
	}
	h := w.c.height()
	if r.Height != h || r.Hash != w.c.headers[h].Hash() || r.Seed != w.c.seeds[h-1] || r.Set.Hash() != w.c.sets[h].Hash() ||
		string(r.Block) != string(w.c.blocks[h]) || string(r.Certificate) != string(w.c.headed[h].Certificate) || len(r.TxIDs) != 1 {
		w.t.Errorf("the result is of height %d", r.Height)
	}
}

func (w *world) onlyBlamed(names ...string) {
	w.t.Helper()
	if got := slices.Sorted(maps.Keys(w.blamed)); !slices.Equal(got, names) {
		w.t.Errorf("blamed are %v, want %v: %v", got, names, w.blamed)
	}
}
