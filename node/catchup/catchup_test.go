package catchup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestALateJoinerReachesTheTip(t *testing.T) {
	t.Parallel()
	peers := map[string]*fake{}
	for i := range 4 {
		peers[fmt.Sprint(i)] = &fake{claims: 5000, answer: honest(5000, stretchBlocks, 10*time.Millisecond)}
	}
	play(t, peers, at(5000), nil)
	for id, p := range peers {
		if p.asked == 0 {
			t.Errorf("peer %s had nothing to do: fetching is meant to be spread", id)
		}
	}
}

func TestOnePeerThatSendsLittleAtATimeIsEnough(t *testing.T) {
	t.Parallel()
	play(t, map[string]*fake{"a": {claims: 300, answer: honest(300, 7, time.Millisecond)}}, at(300), nil)
}

func TestLiarsAreFoundOutAndTheTipIsReached(t *testing.T) {
	t.Parallel()
	const tip = 400
	change := func(height uint64, bend func(*Block)) func(context.Context, uint64, int) ([]Block, error) {
		return func(_ context.Context, from uint64, count int) ([]Block, error) {
			out := blocks(from, min(tip, from+uint64(count)-1))
			for i := range out {
				if from+uint64(i) >= height {
					bend(&out[i])
				}
			}
			return out, nil
		}
	}
	for _, c := range []struct {
		name   string
		blame  bool
		claims uint64
		answer func(context.Context, uint64, int) ([]Block, error)
	}{
		{"a wrong block in the middle", true, tip, change(17, func(b *Block) { b.Block = []byte("forged") })},
		{"a wrong certificate", true, tip, change(17, func(b *Block) { b.Certificate = []byte("forged") })},
		{"another fork from the start", true, tip, change(1, func(b *Block) { b.Block = append([]byte("fork of "), b.Block...) })},
		{"old blocks again and again", true, tip, change(1, func(b *Block) { b.Block = []byte("old") })},
		{"blocks of other heights than asked for", true, tip, func(_ context.Context, from uint64, count int) ([]Block, error) {
			return blocks(from+5, from+uint64(count)), nil
		}},
		{"more blocks than asked for", true, tip, func(_ context.Context, from uint64, count int) ([]Block, error) {
			return blocks(from, from+uint64(count)), nil
		}},
		{"it is behind, and honest about it", false, 30, honest(30, stretchBlocks, time.Millisecond)},
		{"it claims the moon and has nothing", false, 1 << 60, func(context.Context, uint64, int) ([]Block, error) { return nil, nil }},
		{"it never answers", false, 1 << 60, stalls},
		{"it breaks off", false, tip, func(_ context.Context, from uint64, _ int) ([]Block, error) {
			return blocks(from, from+2), errors.New("too large, or gone")
		}},
		{"its answers are too large to be taken", false, tip, func(context.Context, uint64, int) ([]Block, error) {
			return nil, errors.New("above the cap")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			peers := map[string]*fake{ // names before and after, as the choice falls back on them
				"a liar": {claims: c.claims, answer: c.answer},
				"honest": {claims: tip, answer: honest(tip, stretchBlocks, 5*time.Millisecond)},
				"z liar": {claims: c.claims, answer: c.answer},
			}
			var w *world
			play(t, peers, at(tip), func(x *world) { w = x })
			if slices.Contains(w.blamed, "honest") {
				t.Fatal("the honest peer was blamed")
			}
			if c.blame != (len(w.blamed) > 0) {
				t.Fatalf("blame: want %t, got %v", c.blame, w.blamed)
			}
		})
	}
}

func TestACrowdOfStallingPeersCostsLittle(t *testing.T) {
	t.Parallel()
	peers := map[string]*fake{"honest": {claims: 1000, answer: honest(1000, stretchBlocks, time.Millisecond)}}
	for i := range 6 {
		peers[fmt.Sprintf("a stalling peer %d", i)] = &fake{claims: 1 << 60, answer: stalls}
	}
	var took time.Duration
	play(t, peers, at(1000), func(w *world) {
		apply := w.cfg.Apply
		w.cfg.Apply = func(ctx context.Context, b Block) error { took = time.Since(w.began); return apply(ctx, b) }
	})
	if took > 40*time.Second {
		t.Fatalf("one honest peer among seven took %v of the world's time", took)
	}
}

func TestASingleBlockIsLeftToConsensusFirst(t *testing.T) {
	t.Parallel()
	peers := map[string]*fake{"a": {claims: 1, answer: honest(1, 1, 0)}}
	play(t, peers, func(w *world) bool { return w.now() == 1 && time.Since(w.began) > 3*time.Second }, func(w *world) {
		w.decides(1, grace/2)
	})
	if peers["a"].asked != 0 {
		t.Fatal("it was fetched all the same")
	}
	// But if consensus does not, it is fetched.
	play(t, peers, at(1), nil)
	if peers["a"].asked != 1 {
		t.Fatalf("want one request, got %d", peers["a"].asked)
	}
}

func TestConsensusMayBeFasterThanAnAnswer(t *testing.T) {
	t.Parallel()
	peers := map[string]*fake{"a": {claims: 500, answer: honest(500, stretchBlocks, 100*time.Millisecond)}}
	var w *world
	play(t, peers, at(500), func(x *world) {
		w = x
		w.decides(200, 3*time.Millisecond)
	})
	if len(w.blamed) != 0 {
		t.Fatalf("nobody was at fault, blamed were %v", w.blamed)
	}
}

func TestAFailureOfOurOwnEndsTheRunAndBlamesNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, broken: 30, peers: map[string]*fake{"a": {claims: 100, answer: honest(100, 100, 0)}}}
		var err error
		w.Catchup, err = New(Config{
			Height: w.now, Target: w.now, Peers: w.list, Fetch: w.fetch, Apply: w.apply,
			Hostile: func(err error) bool { return errors.Is(err, errWrong) },
			Blame:   func(string, error) { t.Error("somebody was blamed") },
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Run(t.Context()); err == nil || w.now() != 29 {
			t.Fatalf("want an end at height 29, got %d, %v", w.now(), err)
		}
	})
}

func TestProgressSaysSinceWhenANodeIsBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		height, target := uint64(10), uint64(11)
		c, err := New(Config{
			Height: func() uint64 { return height }, Target: func() uint64 { return target },
			Peers: func() []Peer { return nil }, Fetch: (&world{}).fetch, Apply: (&world{}).apply,
			Hostile: func(error) bool { return false }, Blame: func(string, error) {},
		})
		if err != nil {
			t.Fatal(err)
		}
		c.Progress()
		<-time.After(time.Minute)
		if p := c.Progress(); time.Since(p.Since) != 0 || p.Height != 10 || p.Target != 11 {
			t.Fatalf("one block is not behind: %+v", p)
		}
		target = 20
		<-time.After(time.Minute)
		if p := c.Progress(); time.Since(p.Since) != time.Minute {
			t.Fatalf("behind for a minute, not %v", time.Since(p.Since))
		}
		height = 30
		if p := c.Progress(); p.Target != 30 || time.Since(p.Since) != 0 {
			t.Fatalf("a target is never below what is decided: %+v", p)
		}
	})
}

func TestNewWantsEveryPort(t *testing.T) {
	t.Parallel()
	if _, err := New(Config{}); err == nil {
		t.Fatal("want an error")
	}
}

func TestTheBookPrefersWhoDeliveredAndRestsWhoFailed(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	b := newBook()
	peers := []Peer{{"a", 10}, {"b", 20}, {"c", 1 << 60}}
	nobody := func(string) bool { return false }
	choose := func(from uint64) string { p, _ := b.choose(peers, from, now, nobody); return p.ID }
	if got := choose(5); got != "a" {
		t.Fatalf("without a record the order is by name, got %q", got)
	}
	b.delivered("b", 100)
	if got := choose(5); got != "b" {
		t.Fatalf("want who delivered, got %q", got)
	}
	b.failed("b", now)
	if got := choose(11); got != "c" {
		t.Fatalf("b rests and a has not that much, got %q", got)
	}
	for range 20 {
		b.failed("c", now)
	}
	if got := choose(11); got != "" {
		t.Fatalf("nobody is left, got %q", got)
	}
	if now = now.Add(rest); choose(11) != "b" {
		t.Fatal("b has rested")
	}
	if now = now.Add(longRest); choose(11) != "b" || choose(21) != "c" {
		t.Fatal("c has rested too, but its failures count")
	}
	for i := range 3 * maxNotes {
		b.failed(fmt.Sprint(i), now)
		b.forget(peers)
	}
	if len(b.notes) > maxNotes+1 {
		t.Fatalf("%d notes are kept", len(b.notes))
	}
}
