package snapshot

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/posnet/posnet/node/chain"
)

// crowd is a world with some of the honest peers, who have stake or none, and with liars without stake.
func crowd(t *testing.T, c *testChain, trusted uint64, honest, liars int, staked bool, lie func(w *world, i int) *fake) *world {
	w := newWorld(t, c, c.trust(trusted))
	for i := range 4 {
		name := fmt.Sprint("v", i)
		if w.peers[name].key = keyOf("full node", i).Public(); staked {
			w.peers[name].key = c.validators[i].peer.Public()
		}
		if i >= honest {
			delete(w.peers, name)
		}
	}
	for i := range liars {
		f := lie(w, i)
		f.key, f.base, f.delay = keyOf("sybil", i).Public(), 1, 5*time.Millisecond
		w.peers[fmt.Sprint("a", i)] = f // they are asked first
	}
	return w
}

// renamed has every liar come back under a new name each half minute.
func renamed(w *world) {
	names, round := slices.Sorted(maps.Keys(w.peers)), w.now
	for _, name := range names {
		f := w.peers[name]
		if name[0] != 'a' {
			continue
		}
		const stay = 30 * time.Second
		for k := range 120 {
			from := round + time.Duration(k)*stay
			again := *f
			again.gone = func(now time.Duration) bool { return now < from || now >= from+stay }
			w.peers[fmt.Sprintf("%s under name %03d", name, k)] = &again
		}
		delete(w.peers, name)
	}
}

// offering gives a liar offers of its own; to all else it answers as honest peers do.
func offering(o func() Offer) *fake {
	return &fake{lie: func(r Request, a Answer) (Answer, bool) {
		if r.Kind == AskOffer {
			offer := o()
			a.Part = chain.Encode(&offer)
		}
		return a, true
	}}
}

func halfMinute(w *world) uint64 { return uint64(w.now / (30 * time.Second)) }

// TestPeersWithoutStakeDoNotKeepAJoinFromEnding has liars offer another height each half minute, as many as there are honest peers
// and three times as many, under the same names and under new ones.
func TestPeersWithoutStakeDoNotKeepAJoinFromEnding(t *testing.T) {
	t.Parallel()
	c := sharedChain(t)
	for name, lie := range map[string]func(w *world, i int) *fake{
		"heights far above the chain": func(w *world, _ int) *fake {
			return offering(func() Offer { n := 1<<40 + halfMinute(w); return Offer{Base: n, Height: n, Snapshots: []uint64{n}} })
		},
		"heights far above the chain, with all headers": func(w *world, _ int) *fake {
			return offering(func() Offer { n := 1<<40 + halfMinute(w); return Offer{Base: 1, Height: n, Snapshots: []uint64{n}} })
		},
		"heights far above the chain, of which they never give a header": func(w *world, _ int) *fake {
			f := offering(func() Offer { n := 1<<40 + halfMinute(w); return Offer{Base: 1, Height: n, Snapshots: []uint64{n}} })
			offer := f.lie
			f.lie = func(r Request, a Answer) (Answer, bool) {
				a, _ = offer(r, a)
				return a, r.Kind == AskOffer
			}
			return f
		},
		"heights that the chain has, whose state they have not": func(w *world, _ int) *fake {
			return offering(func() Offer { return Offer{Base: 1, Height: 1 << 40, Snapshots: []uint64{halfMinute(w)%19 + 1}} })
		},
		"heights of which the manifest is never made": func(w *world, _ int) *fake {
			f := offering(func() Offer { return Offer{Base: 1, Height: 1 << 40, Snapshots: []uint64{halfMinute(w)%19 + 1}} })
			offer := f.lie
			f.lie = func(r Request, a Answer) (Answer, bool) {
				if r.Kind == AskManifest {
					a.Part = chain.Encode(&answer{Wait: 500, Manifest: []byte{}})
				}
				return offer(r, a)
			}
			return f
		},
		"the state of the chain, and one header each few seconds": func(w *world, i int) *fake {
			return slow(func() Offer { return Offer{Base: 1, Height: 1 << 40, Snapshots: []uint64{20}} })
		},
		"heights above the chain, and one header each few seconds": func(w *world, i int) *fake {
			return slow(func() Offer { n := 1000 + halfMinute(w); return Offer{Base: 1, Height: n, Snapshots: []uint64{n}} })
		},
	} {
		for _, honest := range []int{1, 4} {
			for _, times := range []int{1, 3} {
				for _, names := range []string{"their names", "new names"} {
					for _, staked := range []bool{true, false} {
						t.Run(fmt.Sprintf("%s, %d for %d honest under %s, stake %v", name, times*honest, honest, names, staked), func(t *testing.T) {
							t.Parallel()
							w := crowd(t, c, 1, honest, times*honest, staked, lie)
							if names == "new names" {
								renamed(w)
							}
							began := w.now
							w.run(50 * time.Minute)
							w.joined()
							t.Log("joined after", w.now-began, "and", w.e.vain, "attempts in vain")
							for peer, errs := range w.blamed {
								if peer[0] != 'a' {
									t.Errorf("%s is honest and blamed: %v", peer, errs)
								}
							}
						})
					}
				}
			}
		}
	}
}

// TestPeersThatNeverAnswerLeaveRoom has as many of them as there are requests at most, and more.
func TestPeersThatNeverAnswerLeaveRoom(t *testing.T) {
	t.Parallel()
	c := sharedChain(t)
	for _, n := range []int{MaxRequests, 3 * MaxRequests} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			w := crowd(t, c, 1, 4, n, true, func(*world, int) *fake {
				return &fake{lie: func(_ Request, a Answer) (Answer, bool) { return a, false }}
			})
			began := w.now
			w.run(2 * time.Minute)
			w.joined()
			if took := w.now - began; took > time.Duration(n/maxOffers+1)*shortTime {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// slow is a liar that feeds the chain's headers one at a time, each just before others would be asked.
func slow(o func() Offer) *fake {
	f := offering(o)
	offer := f.lie
	f.late = func(r Request) time.Duration {
		if r.Kind == AskHeaders {
			return hurry - 100*time.Millisecond
		}
		return 0
	}
	f.lie = func(r Request, a Answer) (Answer, bool) {
		if a, _ = offer(r, a); len(a.Headers) > 1 {
			a.Headers = a.Headers[:1]
		}
		return a, true
	}
	return f
}

// A lone honest peer lets its state go during the join, and has another one. It is not struck, or not for long.
func TestALonePeerWhoseStateIsReplacedIsJoinedFromAllTheSame(t *testing.T) {
	t.Parallel()
	c := sharedChain(t)
	for name, liars := range map[string]int{"alone": 0, "among three liars": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := crowd(t, c, 1, 1, liars, false, func(w *world, _ int) *fake {
				return offering(func() Offer { n := 1<<40 + halfMinute(w); return Offer{Base: 1, Height: n, Snapshots: []uint64{n}} })
			})
			began := w.now
			w.peers["v0"].lie = func(r Request, a Answer) (Answer, bool) {
				if r.Kind == AskOffer && w.now-began < 100*time.Millisecond || w.now-began > time.Minute && w.now-began < 61*time.Second {
					a.Part = chain.Encode(&Offer{Base: 1, Height: 20, Snapshots: []uint64{12}})
				}
				if r.Kind == AskManifest && r.Height != 20 {
					a = Answer{}
				}
				return a, true
			}
			w.run(5 * time.Minute)
			w.joined()
			w.onlyBlamed()
		})
	}
}
