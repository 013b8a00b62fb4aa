package catchup

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestALateJoinerReachesTheTip(t *testing.T) {
	t.Parallel()
	peers := map[string]*fake{}
	for i := range 4 {
		peers[fmt.Sprint(i)] = &fake{claims: 5000, answer: honest(5000, StretchBlocks, 10*time.Millisecond)}
	}
	w := newWorld(t, peers)
	if took := w.play(w.reached(5000)); took > time.Second {
		t.Errorf("40 answers of 10 ms each, several at once, took %v", took)
	}
	for id, p := range peers {
		if p.asked == 0 {
			t.Errorf("peer %s had nothing to do: fetching is meant to be spread", id)
		}
	}
	w.playFor(time.Second)
	if s := w.e.Stats(); s.Active || s.Applied != 5000 || s.Requests+s.Stretches+s.Blocks+s.Bytes != 0 {
		t.Errorf("at the tip nothing is to be held, there is %+v", s)
	}
}

func TestOnePeerThatSendsLittleAtATimeIsEnough(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]*fake{"a": {claims: 300, answer: honest(300, 7, time.Millisecond)}})
	w.play(w.reached(300))
}

func TestLiarsAreFoundOutAndTheTipIsReached(t *testing.T) {
	t.Parallel()
	const tip = 400
	change := func(height uint64, bend func(*Block)) func(uint64, int) reply {
		return func(from uint64, count int) reply {
			out := blocks(from, min(tip, from+uint64(count)-1))
			for i := range out {
				if from+uint64(i) >= height {
					bend(&out[i])
				}
			}
			return reply{blocks: out}
		}
	}
	large := make([]byte, MaxAnswerBytes/8)
	for _, c := range []struct {
		name   string
		blame  bool
		claims uint64
		answer func(uint64, int) reply
	}{
		{"a wrong block in the middle", true, tip, change(17, func(b *Block) { b.Block = []byte("forged") })},
		{"a wrong certificate", true, tip, change(17, func(b *Block) { b.Certificate = []byte("forged") })},
		{"another fork from the start", true, tip, change(1, func(b *Block) { b.Block = append([]byte("fork of "), b.Block...) })},
		{"old blocks again and again", true, tip, change(1, func(b *Block) { b.Block = []byte("old") })},
		{"more bytes than an answer may have", true, tip, change(1, func(b *Block) { b.Block = large })},
		{"blocks of other heights than asked for", true, tip, func(from uint64, count int) reply {
			return reply{blocks: blocks(from+5, from+uint64(count))}
		}},
		{"more blocks than asked for", true, tip, func(from uint64, count int) reply {
			return reply{blocks: blocks(from, from+uint64(count))}
		}},
		{"it is behind, and honest about it", false, 30, honest(30, StretchBlocks, time.Millisecond)},
		{"it claims the moon and has nothing", false, 1 << 60, func(uint64, int) reply { return reply{} }},
		{"it never answers", false, 1 << 60, stalls},
		{"it answers twice", false, tip, func(from uint64, count int) reply {
			return reply{blocks: blocks(from, from+uint64(count)-1), again: true}
		}},
		{"it breaks off", false, tip, func(from uint64, _ int) reply {
			return reply{blocks: blocks(from, min(tip, from+2)), err: errors.New("too large, or gone")}
		}},
		{"its answers are too large to be taken", false, tip, func(uint64, int) reply {
			return reply{err: errors.New("above the cap")}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, map[string]*fake{ // names before and after, as the choice falls back on them
				"a liar": {claims: c.claims, answer: c.answer},
				"honest": {claims: tip, answer: honest(tip, StretchBlocks, 5*time.Millisecond)},
				"z liar": {claims: c.claims, answer: c.answer},
			})
			w.play(w.reached(tip))
			if slices.Contains(w.blamed, "honest") {
				t.Fatal("the honest peer was blamed")
			}
			if c.blame != (len(w.blamed) > 0) {
				t.Fatalf("blame: want %t, got %v", c.blame, w.blamed)
			}
		})
	}
}

func TestWhatElseALiarBroughtOrIsAboutToBringIsNotLookedAt(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{0, 1100 * time.Millisecond} { // its second answer is here by then, or on its way
		liar := &fake{claims: 600}
		liar.answer = func(from uint64, count int) reply {
			return reply{blocks: make([]Block, count), after: after + time.Duration(liar.asked)*200*time.Millisecond}
		}
		w := newWorld(t, map[string]*fake{"liar": liar, "honest": {claims: 600, answer: honest(600, StretchBlocks, time.Second)}})
		w.play(w.reached(600))
		if len(w.blamed) != 1 || liar.asked != 2 {
			t.Fatalf("one block was enough to know, it was blamed %d times; asked %d times", len(w.blamed), liar.asked)
		}
	}
}

func TestALateAnswerIsHastenedAndAtLastGivenUp(t *testing.T) {
	t.Parallel()
	peers := map[string]*fake{"a": {claims: 100, answer: stalls}, "b": {claims: 100, answer: honest(100, 100, 300*time.Millisecond)}}
	w := newWorld(t, peers)
	if took := w.play(w.reached(100)); took != hurry+300*time.Millisecond {
		t.Fatalf("want another to be asked after %v, it took %v", hurry, took)
	}
	if w.resting["a"] != w.now+rest || w.resting["b"] > w.now {
		t.Fatalf("want a to rest, resting are %v", w.resting)
	}

	w = newWorld(t, map[string]*fake{"a": {claims: 100, answer: stalls}})
	w.playFor(patience - time.Millisecond)
	if s := w.e.Stats(); s.Requests != 1 || len(w.resting) > 0 {
		t.Fatalf("it has time left: %+v", s)
	}
	w.playFor(10 * time.Millisecond)
	if s := w.e.Stats(); s.Requests != 0 || s.Active || w.resting["a"] <= w.now {
		t.Fatalf("its time is over: %+v", s)
	}
	began := w.e.Stats().Began
	w.playFor(3 * time.Second)
	if w.e.Stats().Began != began {
		t.Fatal("while it rests there is no reason to begin anew")
	}
}

func TestAnAnswerAfterTheDeadlineIsIgnored(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]*fake{"a": {claims: 100, answer: func(from uint64, count int) reply {
		return reply{never: true, stubborn: time.Second, blocks: blocks(from, from+uint64(count)-1)}
	}}})
	w.playFor(10 * time.Minute)
	if w.height != 0 || w.peers["a"].asked < 3 {
		t.Fatalf("height %d by %d requests", w.height, w.peers["a"].asked)
	}

	// What counts is when it came, not when the driver had time to say so.
	w = newWorld(t, map[string]*fake{"a": {claims: 100, answer: stalls}})
	w.step()
	asked := w.now
	w.now += 10 * patience
	w.must(w.e.Answered(asked+patience-1, 1, blocks(1, 100), nil))
	w.play(w.reached(100))
	if len(w.resting) > 0 {
		t.Fatalf("it was in time, and rests: %v", w.resting)
	}

	w = newWorld(t, map[string]*fake{"a": {claims: 100, answer: stalls}})
	w.step()
	w.must(w.e.Answered(w.now+patience, 1, blocks(1, 100), nil))
	if w.playFor(time.Second); w.height > 0 || w.resting["a"] == 0 {
		t.Fatalf("it was too late, and height %d is reached; resting %v", w.height, w.resting)
	}

	// Time does not go back: who fails now rests from now.
	w = newWorld(t, map[string]*fake{"a": {claims: 100, answer: stalls}})
	w.step()
	asked = w.now
	w.must(w.e.Tick(asked + 10*time.Second))
	w.must(w.e.Answered(asked+time.Second, 1, nil, nil))
	if got := w.e.book.see("a").until - asked; got != 10*time.Second+rest {
		t.Fatalf("it rests until %v after it was asked", got)
	}
}

func TestOnlyWhoHadTheTimeToBeAsFastIsPassedOver(t *testing.T) {
	t.Parallel()
	peers := map[string]*fake{
		"a": {claims: 100, answer: stalls},
		"b": {claims: 100, answer: honest(100, 100, hurry+100*time.Millisecond)},
		"c": {claims: 100, answer: honest(100, 100, time.Second)},
	}
	w := newWorld(t, peers)
	w.play(w.reached(100))
	if w.resting["a"] <= w.now || w.resting["b"] > 0 || w.resting["c"] > 0 {
		t.Fatalf("want only a to rest, resting are %v", w.resting)
	}
	for id, q := range w.open {
		if !q.cancelled {
			t.Errorf("request %d of %s is not wanted any more, and goes on", id, q.peer)
		}
	}
}

func TestTheFirstAnswerStaysUntilItIsVerified(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]*fake{
		"a": {claims: 100, answer: honest(100, 100, hurry+500*time.Millisecond)},
		"b": {claims: 100, answer: honest(100, 100, 600*time.Millisecond)},
	})
	w.fullUntil = w.now + 10*time.Second
	w.play(w.reached(100))
	w.playFor(time.Second)
	if a, b := w.e.book.see("a").blocks, w.e.book.see("b").blocks; a != 100 || b != 0 {
		t.Fatalf("a was first, counted are %d blocks of a and %d of b", a, b)
	}
}

func TestALiarIsNoFasterThanItsBlocksAreVerified(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]*fake{
		"a slow one": {claims: 100, answer: honest(100, 100, hurry+time.Second)},
		"b liar":     {claims: 100, answer: func(_ uint64, count int) reply { return reply{blocks: make([]Block, count)} }},
	})
	if took := w.play(w.reached(100)); took != hurry+time.Second {
		t.Fatalf("want the slow answer to be waited for, it took %v", took)
	}
	if w.resting["a slow one"] > 0 {
		t.Fatal("nobody was faster, and it rests")
	}
}

func TestWhatOthersBringIsKeptWhileNobodyCanBeAskedForWhatIsNext(t *testing.T) {
	t.Parallel()
	good := &fake{claims: 600, answer: honest(600, StretchBlocks, time.Second)}
	w := newWorld(t, map[string]*fake{
		"fails": {claims: 600, answer: func(uint64, int) reply { return reply{err: errors.New("gone")} }},
		"good":  good,
	})
	w.play(w.reached(600))
	if good.asked != 5 {
		t.Fatalf("600 blocks are five requests, there were %d", good.asked)
	}
}

func TestWhatIsNextIsAskedForAsSoonAsSomebodyRested(t *testing.T) {
	t.Parallel()
	a := &fake{claims: 1000}
	a.answer = func(from uint64, count int) reply {
		switch a.asked {
		case 1:
			return reply{err: errors.New("gone")}
		case 2:
			return reply{never: true}
		}
		return reply{blocks: blocks(from, from+uint64(count)-1)}
	}
	w := newWorld(t, map[string]*fake{"a": a})
	if took := w.play(w.reached(StretchBlocks)); took > rest+lookEvery {
		t.Fatalf("want about %v, it took %v", rest, took)
	}
}

func TestNothingIsHeldThatCannotBeUsedSoon(t *testing.T) {
	t.Parallel()
	a := &fake{claims: 1000}
	a.answer = func(from uint64, count int) reply {
		if a.asked == 1 {
			return reply{err: errors.New("gone")}
		}
		return reply{blocks: blocks(from, from+uint64(count)-1), after: time.Second}
	}
	w := newWorld(t, map[string]*fake{"a": a})
	w.playFor(rest / 2)
	if s := w.e.Stats(); s.Active || s.Stretches+s.Blocks > 0 || a.asked != 2 {
		t.Fatalf("whoever could bring the first block rests: %+v", s)
	}
	w.play(w.reached(1000))
}

func TestPeersThatNeverLetGoAreNotAskedWithoutEnd(t *testing.T) {
	t.Parallel()
	peers := map[string]*fake{}
	for i := range 60 {
		peers[fmt.Sprint(i)] = &fake{claims: 1 << 40, answer: func(uint64, int) reply {
			return reply{never: true, stubborn: 30 * time.Minute}
		}}
	}
	w := newWorld(t, peers)
	w.playFor(10 * time.Minute)
	if s := w.e.Stats(); s.Requests != MaxRequests {
		t.Fatalf("want the bound to be reached, there is %+v", s)
	}
}

func TestBringingOneBlockAtATimeJustBeforeOthersHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	drip := &fake{claims: 200, answer: honest(200, 1, hurry+50*time.Millisecond)}
	w := newWorld(t, map[string]*fake{"a": drip, "b": {claims: 200, answer: honest(200, StretchBlocks, 200*time.Millisecond)}})
	if took := w.play(w.reached(200)); took > 10*time.Second {
		t.Fatalf("it took %v", took)
	}
	if len(w.blamed) > 0 || w.resting["b"] > 0 {
		t.Fatalf("b was fast: blamed %v, resting %v", w.blamed, w.resting)
	}
}

func TestACrowdOfStallingPeersCostsLittle(t *testing.T) {
	t.Parallel()
	peers := map[string]*fake{"honest": {claims: 1000, answer: honest(1000, StretchBlocks, time.Millisecond)}}
	for i := range 6 {
		peers[fmt.Sprintf("a stalling peer %d", i)] = &fake{claims: 1 << 60, answer: stalls}
	}
	w := newWorld(t, peers)
	if took := w.play(w.reached(1000)); took > 40*time.Second {
		t.Fatalf("one honest peer among seven took %v of the world's time", took)
	}
}

func TestASingleBlockIsLeftToConsensusFirst(t *testing.T) {
	t.Parallel()
	a := &fake{claims: 1, answer: honest(1, 1, 0)}
	w := newWorld(t, map[string]*fake{"a": a})
	w.decides(1, grace/2)
	w.playFor(3 * time.Second)
	if w.height != 1 || a.asked != 0 {
		t.Fatalf("height %d, and it was fetched all the same, %d times", w.height, a.asked)
	}
	// The same again, block after block.
	for i := range uint64(20) {
		w.after(time.Duration(i)*grace*2/3, func() { w.height, a.claims = w.height+1, w.height+2 })
	}
	if w.playFor(20 * grace * 2 / 3); w.height != 21 || a.asked != 0 {
		t.Fatalf("height %d, and %d were fetched", w.height, a.asked)
	}
	// But if consensus does not, it is fetched, and no hint makes that earlier.
	a.claims = 1
	w = newWorld(t, map[string]*fake{"a": a})
	w.after(0, func() { w.must(w.e.Hint(w.now, 1)) })
	w.after(grace/2, func() { w.must(w.e.Hint(w.now, 1)) })
	if took := w.play(w.reached(1)); a.asked != 1 || took != grace {
		t.Fatalf("want one request after %v, got %d after %v", grace, a.asked, took)
	}
}

func TestAHintIsFollowedAtOnce(t *testing.T) {
	t.Parallel()
	a := &fake{answer: honest(50, 50, 0)}
	w := newWorld(t, map[string]*fake{"a": a})
	w.playFor(lookEvery / 2)
	a.claims = 50
	w.must(w.e.Hint(w.now, 0))
	if a.asked != 0 {
		t.Fatal("the hint is no news, and somebody was asked")
	}
	w.must(w.e.Hint(w.now, 50))
	if a.asked == 0 {
		t.Fatal("nobody was asked")
	}
	w.play(w.reached(50))
}

func TestConsensusMayBeFasterThanAnAnswer(t *testing.T) {
	t.Parallel()
	for _, every := range []time.Duration{3 * time.Millisecond, 50 * time.Microsecond} { // than some of it, than all of it
		w := newWorld(t, map[string]*fake{"a": {claims: 500, answer: honest(500, StretchBlocks, 100*time.Millisecond)}})
		w.decides(500, every)
		w.play(w.reached(500))
		w.playFor(time.Second)
		if n := w.e.Stats().Notes; n != 1 || len(w.blamed)+len(w.resting) != 0 {
			t.Fatalf("one peer was asked and not at fault; %d have a record, blamed were %v, resting %v", n, w.blamed, w.resting)
		}
	}
}

func TestAFullDiskPasses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]*fake{"a": {claims: 400, answer: honest(400, StretchBlocks, time.Millisecond)}})
	w.fullUntil = w.now + time.Minute
	w.playFor(30 * time.Second)
	asked := w.peers["a"].asked
	if s := w.e.Stats(); w.height != 0 || s.Blocks != 400 {
		t.Fatalf("want everything to be here and wait, got height %d, %+v", w.height, s)
	}
	w.play(w.reached(400))
	if w.peers["a"].asked != asked || len(w.blamed)+len(w.resting) > 0 {
		t.Fatalf("nobody is at fault: asked %d, then %d times, blamed %v, resting %v", asked, w.peers["a"].asked, w.blamed, w.resting)
	}
}

func TestAFailureOfOurOwnIsTheEndAndBlamesNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]*fake{"a": {claims: 100, answer: honest(100, 100, 0)}})
	w.broken = 30
	w.play(w.reached(29))
	asked := w.peers["a"].asked
	for _, input := range []func() error{
		func() error { return w.e.Tick(w.now) },
		func() error { return w.e.Tick(w.now + time.Hour) },
		func() error { return w.e.Hint(w.now, 1000) },
		func() error { return w.e.Answered(w.now, 1, nil, nil) },
	} {
		if err := input(); err == nil || err.Error() != "apply block 30: disk on fire" {
			t.Fatalf("want the failure, got %v", err)
		}
	}
	if w.height != 29 || len(w.blamed) > 0 || w.peers["a"].asked != asked {
		t.Fatalf("height %d, blamed %v, asked %d times", w.height, w.blamed, w.peers["a"].asked)
	}
}

func TestAnInputAppliesOneBlockAtMost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]*fake{"a": {claims: 300, answer: honest(300, StretchBlocks, time.Millisecond)}})
	for w.height < 300 {
		before := w.height
		if w.step(); w.height > before+1 {
			t.Fatalf("from height %d to %d in one step", before, w.height)
		}
	}
}

func TestNewEngineWantsEveryPort(t *testing.T) {
	t.Parallel()
	if _, err := NewEngine(Ports{}); err == nil {
		t.Fatal("want an error")
	}
}

func TestStatsNameTheBoundThatIsBroken(t *testing.T) {
	t.Parallel()
	within := Stats{Requests: MaxRequests, Busiest: PerPeer, Stretches: Window, Blocks: Window * StretchBlocks, Bytes: Window * MaxAnswerBytes, Notes: MaxNotes}
	if err := within.Check(); err != nil {
		t.Fatal(err)
	}
	for i, field := range []func(*Stats) *int{
		func(s *Stats) *int { return &s.Requests }, func(s *Stats) *int { return &s.Busiest }, func(s *Stats) *int { return &s.Stretches },
		func(s *Stats) *int { return &s.Blocks }, func(s *Stats) *int { return &s.Bytes }, func(s *Stats) *int { return &s.Notes },
	} {
		over := within
		*field(&over)++
		if over.Check() == nil {
			t.Errorf("field %d above its bound is let pass", i)
		}
	}
}

func TestTheSameWorldGivesTheSameStory(t *testing.T) {
	t.Parallel()
	story := func() (out []string) {
		peers := map[string]*fake{}
		for i := range 12 {
			h := habits[i%len(habits)]
			peers[fmt.Sprint(i)] = &fake{claims: 2000, answer: func(from uint64, count int) reply {
				return h.does(from, from+uint64(count)-1, 2000)
			}}
		}
		w := newWorld(t, peers) // it lists peers in another order each time
		ask := w.e.ports.Ask
		w.e.ports.Ask = func(r Request) {
			out = append(out, fmt.Sprintf("%v %+v", w.now, r))
			ask(r)
		}
		w.play(w.reached(2000))
		return append(out, w.blamed...)
	}
	first := story()
	for range 5 {
		if again := story(); !slices.Equal(first, again) {
			t.Fatalf("want\n%q\ngot\n%q", first, again)
		}
	}
}

// A peer that joined by snapshot lacks what is below its first block, and says so.
func TestOnlyWhoHasABlockIsAskedForIt(t *testing.T) {
	t.Parallel()
	young := &fake{claims: 1000, base: 500, answer: honest(1000, StretchBlocks, 10*time.Millisecond)}
	w := newWorld(t, map[string]*fake{"young": young})
	w.playFor(time.Minute)
	if w.height != 0 || young.asked != 0 || len(w.blamed)+len(w.resting) > 0 {
		t.Fatalf("at height %d: who has blocks from 500 on was asked %d times, blamed are %v", w.height, young.asked, w.blamed)
	}
	w.peers["old"] = &fake{claims: 700, answer: honest(700, StretchBlocks, 10*time.Millisecond)}
	if took := w.play(w.reached(1000)); took > 3*time.Second || len(w.blamed)+len(w.resting) > 0 {
		t.Fatalf("height 1000 was reached after %v, blamed are %v, resting %v", took, w.blamed, w.resting)
	}
}
