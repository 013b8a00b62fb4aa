package node

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
)

func TestAllWhoWaitForABlockAreToldOfItAndNobodyOfOneBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, ctx := newBlocks(), t.Context()
		var told sync.WaitGroup
		var mu sync.Mutex
		got := map[uint64]int{}
		for _, height := range []uint64{0, 1, 2, 2, 3} {
			told.Go(func() {
				if err := b.wait(ctx, height); err == nil {
					mu.Lock()
					defer mu.Unlock()
					got[height]++
				}
			})
		}
		for i, want := range []map[uint64]int{{0: 1}, {0: 1, 1: 1}, {0: 1, 1: 1, 2: 2}, {0: 1, 1: 1, 2: 2, 3: 1}} {
			b.reached(uint64(i))
			b.reached(uint64(i)) // the loop publishes more often than there are blocks
			synctest.Wait()
			mu.Lock()
			for h := range uint64(4) {
				if got[h] != want[h] {
					t.Errorf("at height %d, %d of those who wait for %d were told, want %d", i, got[h], h, want[h])
				}
			}
			mu.Unlock()
		}
		told.Wait()
		over, cancel := context.WithCancel(ctx)
		cancel()
		if err := b.wait(over, 4); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
