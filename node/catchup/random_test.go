package catchup

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestAnyMixtureWithOneHonestPeerReachesTheTip plays worlds drawn from a seed: a chain of some length, honest peers at
// several heights, and others that lie, stall or break off at their whim.
func TestAnyMixtureWithOneHonestPeerReachesTheTip(t *testing.T) {
	t.Parallel()
	for seed := range uint64(150) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 1))
			tip := 1 + rng.Uint64N(1500)
			peers := map[string]*fake{"honest": {claims: tip, answer: honest(tip, 1+rng.IntN(200), time.Duration(rng.IntN(300))*time.Millisecond)}}
			for i := range rng.IntN(5) {
				peers[fmt.Sprint("a whim ", i)] = &fake{claims: tip + rng.Uint64N(100), answer: whims(tip, seed*10+uint64(i))}
			}
			for i := range rng.IntN(2) {
				behind := 1 + rng.Uint64N(tip)
				peers[fmt.Sprint("behind ", i)] = &fake{claims: behind, answer: honest(behind, 50, time.Millisecond)}
			}
			var w *world
			play(t, peers, at(tip), func(x *world) { w = x })
			if slices.Contains(w.blamed, "honest") || slices.Contains(w.blamed, "behind 0") {
				t.Fatalf("an honest peer was blamed: %v", w.blamed)
			}
		})
	}
}

// whims answers each time in another way. It is deterministic for a seed and the order of questions, and safe for several
// at once.
func whims(tip, seed uint64) func(context.Context, uint64, int) ([]Block, error) {
	return func(ctx context.Context, from uint64, count int) ([]Block, error) {
		rng := rand.New(rand.NewPCG(seed, from))
		out := blocks(from, min(tip, from+uint64(count)-1))
		switch rng.IntN(6) {
		case 0:
			return stalls(ctx, from, count)
		case 1:
			return nil, errors.New("gone")
		case 2:
			if len(out) > 0 {
				out[rng.IntN(len(out))].Block = []byte("forged")
			}
			return out, nil
		case 3:
			return out[:rng.IntN(len(out)+1)], nil
		case 4:
			return append(out, block(from+uint64(len(out)))), nil
		}
		return out, nil
	}
}
