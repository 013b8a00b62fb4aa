package ledger

import (
	"slices"
	"testing"

	"github.com/posnet/posnet/node/chain"
)

func TestStakeActsFromSetDelayBlocksLaterAndNotBefore(t *testing.T) {
	t.Parallel()
	for _, delay := range []uint64{2, 3, 8} {
		w := newWorld(t, func(g *chain.Genesis) { g.Params.SetDelay = delay })
		w.block(t)
		before := []uint64{100 * pos, 100 * pos, 100 * pos, 0, 0, 0, 0, 0}
		after := slices.Clone(before)
		after[3] = 5 * pos
		const changed = 2 // the height of the block with the stake
		w.block(t, w.stake(people[4], people[3], 5*pos))
		for h := uint64(changed); h < changed+delay; h++ {
			if w.system.Height < h {
				w.block(t)
			}
			if got := w.stakes(t, h); !slices.Equal(got, before) {
				t.Fatalf("setDelay %d: stakes %v act at height %d already", delay, got, h)
			}
			if got := w.last.Pending; got != (h+1 < changed+delay) {
				t.Fatalf("setDelay %d: after block %d a change is pending: %v", delay, h, got)
			}
			next := before
			if h+1 == changed+delay {
				next = after
			}
			if got := stakesOf(w.last); !slices.Equal(got, next) {
				t.Fatalf("setDelay %d: block %d says the next stakes are %v, want %v", delay, h, got, next)
			}
		}
		w.block(t)
		if got := w.stakes(t, changed+delay); !slices.Equal(got, after) {
			t.Fatalf("setDelay %d: stakes %v at height %d, want %v", delay, got, changed+delay, after)
		}
	}
}

func stakesOf(o *Outcome) []uint64 {
	out := make([]uint64, len(people))
	for i, p := range people {
		if n, ok := o.Next.Index(p.address()); ok {
			out[i] = o.Next.At(n).Stake
		}
	}
	return out
}

func TestChangesOfManyBlocksActEachInItsTurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	delay := w.genesis.Params.SetDelay
	for range uint64(20) {
		w.block(t, w.stake(people[4], people[0], 1*pos))
	}
	for h := uint64(21); h <= 20+delay; h++ {
		want := 100*pos + (h-delay)*pos
		if got := w.stakes(t, h)[0]; got != want {
			t.Errorf("at height %d the stake is %d, want %d", h, got, want)
		}
	}
	var sets []SetEntry
	if _, err := Load(w, SetsKey(), &sets); err != nil {
		t.Fatal(err)
	}
	if most := int(delay) + 2; len(sets) > most {
		t.Errorf("%d sets are kept, at most %d are needed", len(sets), most)
	}
	// The set of the last block itself is kept: the next block brings its certificate.
	if sets[0].From > w.system.Height {
		t.Errorf("the set of height %d is gone, the oldest is of %d", w.system.Height, sets[0].From)
	}
}

func TestRegisterAloneChangesNoSetAndStakeInTheSameBlockDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out := w.block(t, w.register(people[5]))
	if out.Pending {
		t.Error("a registration without stake schedules a set")
	}
	if v := w.validator(people[5].address()); v.Registered != 1 || v.Keys != people[5].keys() {
		t.Errorf("registered as %+v", v)
	}
	// Registered and staked by two transactions of one block.
	w.block(t, w.register(people[6]), w.stake(people[5], people[6], 3))
	for range w.genesis.Params.SetDelay {
		w.block(t)
	}
	if got := stakesOf(w.last)[6]; got != 3 {
		t.Errorf("its stake is %d, want 3", got)
	}
}
