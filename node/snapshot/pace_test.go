package snapshot

import (
	"testing"
	"time"

	"github.com/posnet/posnet/node/chain"
)

// longChain goes on for n blocks, ten a second.
func longChain(t *testing.T, n int) *testChain {
	c := newTestChain(t, 2, 3)
	at := c.height()
	set, parent := c.sets[at], c.headers[at].Hash()
	last := new(chain.Certificate)
	c.must(chain.Decode(c.headed[at].Certificate, last, 1<<20))
	for h := at + 1; h <= at+uint64(n); h++ {
		set, parent, last = c.forge(h, set, parent, last, c.headers[h-1].Time+100, [][]byte{})
	}
	return c
}

// A walk that follows the tip of a chain goes on, but not towards a height that was invented.
func TestFollowingTheTipIsNoProgress(t *testing.T) {
	t.Parallel()
	c := longChain(t, 900)
	w := crowd(t, c, 1, 1, 3, false, func(w *world, _ int) *fake {
		return offering(func() Offer { n := uint64(1 << 40); return Offer{Base: n, Height: n, Snapshots: []uint64{n}} })
	})
	began := w.now
	w.tip = func(now time.Duration) uint64 { return 2 + uint64((now-began)/(100*time.Millisecond)) }
	offers := 0
	w.peers["v0"].lie = func(r Request, a Answer) (Answer, bool) { // it only looks on
		if last := r.Height + uint64(r.Count) - 1; r.Kind == AskHeaders && last > w.tip(w.now) {
			t.Errorf("v0 is asked for header %d, and cannot have said that it has more than %d", last, w.tip(w.now))
		}
		if r.Kind == AskOffer && w.e.phase == Walking && w.e.vain == 0 {
			offers++
		}
		return a, true
	}
	w.run(80 * time.Second)
	if w.e.vain == 0 || w.e.top.header == nil || w.e.top.header.Height < 300 {
		t.Fatalf("%d attempts came to nothing, walked to %v", w.e.vain, w.e.top.header)
	}
	if offers < 5 {
		t.Errorf("v0 was asked %d times for what it has by now, in a walk of %v", offers, windowTime)
	}
}

// A long walk under the eyes of slow feeders is as long as the honest peer makes it.
func TestSlowFeedersAreRestedAndTheQuickAsked(t *testing.T) {
	t.Parallel()
	c := longChain(t, 1500)
	w := crowd(t, c, 1, 1, 3, false, func(*world, int) *fake {
		return slow(func() Offer { return Offer{Base: 1, Height: c.height(), Snapshots: []uint64{c.height()}} })
	})
	for _, p := range w.peers {
		p.offers = []uint64{c.height()}
	}
	began := w.now
	w.run(5 * time.Minute)
	if w.e.phase < Listing || w.e.vain > 0 {
		t.Fatalf("after %v: %+v, %d attempts came to nothing", w.now-began, w.e.Stats(), w.e.vain)
	}
}

// New names wait behind who was of use: peers that never answer, however often they come back, cost a long walk no time.
func TestNewNamesAreNotAskedBeforeWhoIsQuick(t *testing.T) {
	t.Parallel()
	c := longChain(t, 3000)
	w := crowd(t, c, 1, 1, 6, false, func(*world, int) *fake {
		f := offering(func() Offer { return Offer{Base: 1, Height: c.height(), Snapshots: []uint64{c.height()}} })
		offer := f.lie
		f.lie = func(r Request, a Answer) (Answer, bool) {
			a, _ = offer(r, a)
			return a, r.Kind == AskOffer
		}
		return f
	})
	renamed(w)
	began, asked := w.now, 0
	for w.e.phase < Listing && w.now < began+10*time.Minute {
		w.run(time.Second)
	}
	used := false
	for _, r := range w.asked {
		used = used || r.Kind == AskHeaders && r.Peer == "v0" && r.Height > 1
		if used && r.Kind == AskHeaders && r.Peer != "v0" {
			asked++
		}
	}
	if w.e.phase < Listing || asked > 0 {
		t.Errorf("after %v: %+v; others were asked for headers %d times while one was quick", w.now-began, w.e.Stats(), asked)
	}
}

// Of peers of whom nothing is known, who came first is asked first, though the last to come made its offer just now, too.
func TestWhoCameFirstIsAskedFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sharedChain(t), sharedChain(t).trust(3))
	for _, id := range []string{"v2", "v0", "v3", "v1"} {
		w.now += time.Second
		w.e.now = w.now
		w.e.note(id)
	}
	w.e.peers = w.e.cfg.Ports.Peers()
	for _, want := range []string{"v2", "v0", "v3", "v1", "v2"} {
		w.e.now += pace
		got, ok := w.e.pick(func(Peer, *note) bool { return true })
		if !ok || got != want {
			t.Errorf("%q is asked, want %s", got, want)
		}
		w.e.ask(Request{Peer: got, Kind: AskHeaders, Height: 3, Count: 1})
		w.e.note(got).busy = 0
	}
}

// Only slow feeders: the attempt ends, each rests for longer each time, and what was walked to is kept.
func TestAnAttemptThatIsFedSlowlyEnds(t *testing.T) {
	t.Parallel()
	c := longChain(t, 700)
	w := crowd(t, c, 1, 0, 4, false, func(*world, int) *fake {
		return slow(func() Offer { return Offer{Base: 1, Height: c.height(), Snapshots: []uint64{c.height()}} })
	})
	w.run(windowTime + 2*hurry) // the window begins with the trusted header
	if w.e.vain != 1 || w.e.phase != Looking {
		t.Errorf("%d attempts came to nothing, phase %v", w.e.vain, w.e.phase)
	}
	for id, n := range w.e.notes {
		if n.failures == 0 {
			t.Errorf("%s feeds one header at a time, and its rests do not grow", id)
		}
		if n.strikes != 1 || n.struck <= w.now || n.struck > w.now+struckFor {
			t.Errorf("%s has %d strikes, until %v, now it is %v", id, n.strikes, n.struck, w.now)
		}
	}
}

func TestTheRestOfAStruckPeerDoublesUpToAnHour(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sharedChain(t), sharedChain(t).trust(1))
	n := w.e.note("v0")
	for i, want := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute, time.Hour, time.Hour, time.Hour} {
		if w.e.strike(n); n.struck-w.e.now != want {
			t.Errorf("strike %d rests for %v, want %v", i+1, n.struck-w.e.now, want)
		}
	}
}

// An answer with a part and no headers is no answer to who asked for headers; the engine once fell over it.
func TestAnEmptyListOfHeadersIsNoAnswer(t *testing.T) {
	t.Parallel()
	c := sharedChain(t)
	w := newWorld(t, c, c.trust(3))
	for _, p := range []string{"v0", "v1", "v2"} {
		w.peers[p].lie = spoil(AskHeaders, func(_ Request, a *Answer) { *a = Answer{Part: []byte{1}} })
	}
	w.run(time.Minute)
	w.joined()
	w.onlyBlamed()
}

// A walk must come far enough in its window; upwards, it must also be faster than the chain.
func TestAWalkThatIsTooSlowEndsTheAttempt(t *testing.T) {
	t.Parallel()
	const year = 365 * 24 * 3600 * 1000
	for name, c := range map[string]struct {
		from, to, target uint64
		gain             uint64 // milliseconds between the times of the two headers
		after            time.Duration
		ends             bool
	}{
		"a header of a chain with a block a year":           {100, 101, 1000, year, windowTime, true},
		"all but one of the least":                          {100, 99 + leastSteps, 1000, year, windowTime, true},
		"the least":                                         {100, 100 + leastSteps, 1000, year, windowTime, false},
		"many headers, as fast as the chain makes them":     {100, 900, 1 << 40, 40_000, windowTime, true},
		"many headers, nearly twice as fast as the chain":   {100, 900, 1 << 40, 79_999, windowTime, true},
		"many headers, twice as fast as the chain":          {100, 900, 1 << 40, 80_000, windowTime, false},
		"a header, and the window is not over":              {100, 101, 1000, 0, windowTime - 1, false},
		"the last few, and the target is reached":           {100, 101, 101, 0, windowTime, false},
		"a header downwards":                                {900, 899, 100, 0, windowTime, true},
		"the least downwards, whatever their times may say": {900, 900 - leastSteps, 100, 0, windowTime, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sharedChain(t), sharedChain(t).trust(1))
			w.e.now, w.e.phase, w.e.height, w.e.walk.target = w.now, Walking, c.target, c.target
			w.e.walk.header = &chain.Header{Height: c.from, Time: year}
			w.e.window = w.e.here()
			w.e.walk.header = &chain.Header{Height: c.to, Time: year + c.gain}
			w.e.now += c.after
			if w.e.hold(); (w.e.vain == 1) != c.ends || (w.e.phase == Looking) != c.ends {
				t.Errorf("%d attempts ended, phase %v", w.e.vain, w.e.phase)
			}
		})
	}
}
