package catchup

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// habit is one way to answer for the blocks from a height to another, of a chain with a tip.
type habit struct {
	name string
	lies bool // an honest peer never does that, and it shows
	does func(from, to, tip uint64) reply
}

var habits = []habit{
	{"honest", false, func(from, to, _ uint64) reply { return reply{blocks: blocks(from, to)} }},
	{"brings nothing", false, func(uint64, uint64, uint64) reply { return reply{} }},
	{"fails", false, func(uint64, uint64, uint64) reply { return reply{err: errors.New("gone")} }},
	{"breaks off", false, func(from, to, _ uint64) reply {
		return reply{blocks: blocks(from, (from+to)/2), err: errors.New("gone")}
	}},
	{"brings one block only", false, func(from, _, _ uint64) reply { return reply{blocks: blocks(from, from)} }},
	{"never answers", false, func(uint64, uint64, uint64) reply { return reply{never: true} }},
	{"answers twice", false, func(from, to, _ uint64) reply { return reply{blocks: blocks(from, to), again: true} }},
	{"answers after the deadline", false, func(from, to, _ uint64) reply {
		return reply{blocks: blocks(from, to), never: true, stubborn: patience}
	}},
	{"lies after the deadline", false, func(from, to, _ uint64) reply {
		return reply{blocks: blocks(from+1, to+1000), never: true, stubborn: time.Second}
	}},
	{"brings one block just before others", false, func(from, _, _ uint64) reply {
		return reply{blocks: blocks(from, from), after: hurry + time.Millisecond}
	}},
	{"brings too many", true, func(from, to, _ uint64) reply { return reply{blocks: blocks(from, to+StretchBlocks)} }},
	{"brings other heights", true, func(from, to, _ uint64) reply { return reply{blocks: blocks(from+1, to)} }},
	{"brings old blocks", true, func(from, to, _ uint64) reply {
		out := make([]Block, to-from+1)
		for i := range out {
			out[i].Block = []byte("old")
		}
		return reply{blocks: out}
	}},
	{"forges a block", true, func(from, to, tip uint64) reply {
		out := blocks(from, to)
		out[tip%uint64(len(out))].Block = []byte("forged")
		return reply{blocks: out}
	}},
	{"forges a certificate", true, func(from, to, tip uint64) reply {
		out := blocks(from, to)
		out[tip%uint64(len(out))].Certificate = []byte("forged")
		return reply{blocks: out, err: errors.New("and breaks off")}
	}},
}

// TestWithOneHonestPeerTheTipIsReachedWhateverOthersDo draws peers with habits that take turns. What must hold at every
// step (no peer asked while it rests or more than twice at once, no bound broken, time never standing still) is checked by
// the world.
func TestWithOneHonestPeerTheTipIsReachedWhateverOthersDo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tip := rapid.Uint64Range(1, 1500).Draw(t, "tip")
		delay := time.Duration(rapid.IntRange(0, 3000).Draw(t, "delay")) * time.Millisecond
		peers := map[string]*fake{"honest": {claims: tip, answer: honest(tip, rapid.IntRange(20, 200).Draw(t, "atOnce"), delay)}}
		w := newWorld(t, peers)
		innocent := []string{"honest"}
		for _, id := range rapid.SliceOfNDistinct(rapid.StringMatching("[a-z]"), 0, 6, rapid.ID).Draw(t, "others") {
			some := rapid.SliceOfN(rapid.IntRange(0, len(habits)-1), 1, 4).Draw(t, "habits")
			claims := rapid.SampledFrom([]uint64{tip, tip / 2, tip + 1, tip + 300, 1 << 62, 1<<64 - 1}).Draw(t, "claims")
			turn := 0
			p := &fake{claims: claims, answer: func(from uint64, count int) reply {
				r := habits[some[turn%len(some)]].does(from, from+uint64(count)-1, tip)
				if turn++; from > tip && len(r.blocks) > 0 { // there is none, it can only forge
					r.blocks = []Block{{Block: []byte("forged")}}
				}
				return r
			}}
			if rapid.Bool().Draw(t, "flees") {
				begin := w.now + time.Duration(rapid.IntRange(0, 30_000).Draw(t, "leaves"))*time.Millisecond
				end := begin + time.Duration(rapid.IntRange(0, 30_000).Draw(t, "for"))*time.Millisecond
				p.gone = func(now time.Duration) bool { return begin <= now && now < end }
			}
			if claims <= tip && !slices.ContainsFunc(some, func(i int) bool { return habits[i].lies }) {
				innocent = append(innocent, id)
			}
			peers[id] = p
		}
		w.decides(rapid.IntRange(0, int(tip)).Draw(t, "decided meanwhile"), time.Duration(rapid.IntRange(1, 200).Draw(t, "every"))*time.Millisecond)
		full := time.Duration(rapid.IntRange(0, 20_000).Draw(t, "disk full for")) * time.Millisecond
		w.after(time.Second, func() { w.fullUntil = w.now + full })

		w.play(w.reached(tip))
		for _, id := range innocent {
			if slices.Contains(w.blamed, id) {
				t.Fatalf("%s lied about nothing and was blamed", id)
			}
		}
	})
}

// TestEveryLieIsBlamedOnceItIsLookedAt holds the habits to what they are said to be.
func TestEveryLieIsBlamedOnceItIsLookedAt(t *testing.T) {
	t.Parallel()
	for _, h := range habits {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, map[string]*fake{"a": {claims: 300, answer: func(from uint64, count int) reply {
				return h.does(from, from+uint64(count)-1, 300)
			}}})
			w.playFor(time.Minute)
			if blamed := slices.Contains(w.blamed, "a"); blamed != h.lies {
				t.Fatalf("lies: %t, blamed: %t", h.lies, blamed)
			}
		})
	}
}
