package snapshot

import (
	"testing"
	"time"

	"github.com/posnet/posnet/node/chain"
)

// withOffers is a world in which peers made these offers, under a walk that once reached block 100.
func withOffers(t *testing.T, offers map[string]Offer) *world {
	c := sharedChain(t)
	w := newWorld(t, c, c.trust(3))
	w.e.now = w.now
	w.e.top = walk{header: &chain.Header{Height: 100}, set: c.sets[20]}
	for id, o := range offers {
		if w.peers[id] == nil {
			w.peers[id] = &fake{key: keyOf("stranger", id).Public()}
		}
		w.e.note(id).offer = &o
	}
	w.e.peers = w.e.cfg.Ports.Peers()
	return w
}

func TestWhichHeightIsTried(t *testing.T) {
	t.Parallel()
	const first, second, third = 0, 1, 2
	for name, c := range map[string]struct {
		offers map[string]Offer
		vain   int
		late   []string // who came later than the others
		want   uint64
	}{
		"first: the one that more stake stands for": {
			offers: map[string]Offer{"a": {Base: 1, Height: 200, Snapshots: []uint64{150}}, "b": {Base: 1, Height: 200, Snapshots: []uint64{150}}, "v0": {Base: 1, Height: 200, Snapshots: []uint64{140}}}, vain: first, want: 140,
		},
		"first: the one that more peers stand for": {
			offers: map[string]Offer{"a": {Base: 1, Height: 200, Snapshots: []uint64{150}}, "b": {Base: 1, Height: 200, Snapshots: []uint64{140}}, "c": {Base: 1, Height: 200, Snapshots: []uint64{140}}}, vain: first, want: 140,
		},
		"first: of equal ones, that to which there are headers": {
			offers: map[string]Offer{"a": {Base: 150, Height: 150, Snapshots: []uint64{150}}, "b": {Base: 1, Height: 140, Snapshots: []uint64{140}}}, vain: first, want: 140,
		},
		"first: of equal ones, the newest": {
			offers: map[string]Offer{"a": {Base: 1, Height: 150, Snapshots: []uint64{150}}, "b": {Base: 1, Height: 140, Snapshots: []uint64{140}}}, vain: first, want: 150,
		},
		"second: one that was walked to, whatever the numbers and the stake": {
			offers: map[string]Offer{"v0": {Base: 1, Height: 200, Snapshots: []uint64{150}}, "v1": {Base: 1, Height: 200, Snapshots: []uint64{150}}, "c": {Base: 1, Height: 200, Snapshots: []uint64{100}}}, vain: second, want: 100,
		},
		"second: one to which there are headers, whatever the numbers": {
			offers: map[string]Offer{"a": {Base: 150, Height: 150, Snapshots: []uint64{150}}, "b": {Base: 150, Height: 150, Snapshots: []uint64{150}}, "c": {Base: 1, Height: 140, Snapshots: []uint64{140}}}, vain: second, want: 140,
		},
		"second: headers of several peers lead on": {
			offers: map[string]Offer{"a": {Base: 160, Height: 160, Snapshots: []uint64{160}}, "b": {Base: 130, Height: 150, Snapshots: []uint64{150}}, "c": {Base: 1, Height: 130, Snapshots: []uint64{}}}, vain: second, want: 150,
		},
		"third: the one whose peer waits longest, though nobody else stands for it": {
			offers: map[string]Offer{"v0": {Base: 1, Height: 200, Snapshots: []uint64{90}}, "v1": {Base: 1, Height: 200, Snapshots: []uint64{90}}, "c": {Base: 150, Height: 150, Snapshots: []uint64{150}}}, vain: third,
			late: []string{"v0", "v1"}, want: 150,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := withOffers(t, c.offers)
			w.e.vain = c.vain
			for _, id := range c.late {
				w.e.note(id).turn += time.Second
			}
			if got := w.e.choose(w.e.candidates(false)); got.height != c.want {
				t.Errorf("height %d is tried, want %d: %+v", got.height, c.want, w.e.candidates(false))
			}
		})
	}
}

func TestOffersOfStruckPeersCountWhereNobodyElseIsLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sharedChain(t), sharedChain(t).trust(3))
	w.e.now = w.now
	for id := range w.peers {
		w.e.note(id).strikes = maxStrikes
		w.e.strike(w.e.note(id))
	}
	w.run(20 * time.Second)
	w.joined()
	w.onlyBlamed()
}

// A strike is forgotten when something of the peer was of use.
func TestAStrikeIsForgottenByAChunkOfUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sharedChain(t), sharedChain(t).trust(3))
	for id := range w.peers {
		w.e.note(id).strikes = 3
	}
	w.run(20 * time.Second)
	w.joined()
	served := map[string]bool{}
	for _, r := range w.asked {
		served[r.Peer] = served[r.Peer] || r.Kind == AskChunk
	}
	forgotten := 0
	for id := range w.peers {
		n := w.e.note(id)
		if n.strikes == 0 {
			forgotten++
		}
		if n.strikes == 0 && !served[id] {
			t.Errorf("%s served no chunk, and its strikes are forgotten", id)
		}
	}
	if forgotten == 0 {
		t.Error("no strike was forgotten")
	}
}
