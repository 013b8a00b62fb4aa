package catchup

import (
	"fmt"
	"testing"
	"time"
)

func TestTheBookPrefersWhoDeliveredAndRestsWhoFailed(t *testing.T) {
	t.Parallel()
	now := 1000 * time.Second
	b := newBook()
	peers := []Peer{{ID: "a", Height: 10}, {ID: "b", Height: 20}, {ID: "c", Height: 1 << 60}}
	nobody := func(string) bool { return false }
	choose := func(from uint64) string { p, _ := b.choose(peers, from, now, nobody); return p.ID }
	if got := choose(5); got != "a" {
		t.Fatalf("without a record the order is by name, got %q", got)
	}
	b.delivered("b", 100, now)
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
	if now += rest; choose(11) != "b" {
		t.Fatal("b has rested")
	}
	if now += longRest; choose(11) != "b" || choose(21) != "c" {
		t.Fatal("c has rested too, but its failures count")
	}
	if len(b.notes) != 2 {
		t.Fatalf("who was never asked has no record, there are %d", len(b.notes))
	}
}

func TestARestGrowsWithEachFailureInARow(t *testing.T) {
	t.Parallel()
	b := newBook()
	for i, seconds := range []int{5, 10, 20, 40, 80, 120, 120, 120, 120, 120, 120} {
		want := time.Duration(seconds) * time.Second
		if got := b.failed("a", time.Duration(i)); got != want || !b.resting("a", got-1) || b.resting("a", time.Duration(i)+got) {
			t.Fatalf("failure %d: want a rest of %v, got %v", i+1, want, got)
		}
	}
	b.delivered("a", 1, 0)
	if got := b.failed("a", 0); got != rest {
		t.Fatalf("it delivered meanwhile, and rests %v", got)
	}
}

func TestTheBookForgetsWhoMattersLeast(t *testing.T) {
	t.Parallel()
	b := newBook()
	b.asked("asked now", 0)
	b.failed("resting", 0)
	b.failed("rested", -time.Hour)
	for i := range 3 * MaxNotes {
		b.delivered(fmt.Sprint(i), 1, time.Duration(1+i))
		if len(b.notes) > MaxNotes {
			t.Fatalf("%d notes are kept", len(b.notes))
		}
	}
	if b.see("asked now").busy != 1 || !b.resting("resting", 0) {
		t.Fatal("what must not be forgotten is")
	}
	if b.see("rested").failures > 0 || b.see("5").blocks > 0 || b.see(fmt.Sprint(3*MaxNotes-1)).blocks == 0 {
		t.Fatal("the oldest are to go first")
	}
}
