package mempool_test

import (
	"sync"
	"testing"

	"github.com/posnet/posnet/node/chain"
)

// TestManyCanUseAPoolAtOnce is for the race detector; the counts must come out right all the same.
func TestManyCanUseAPoolAtOnce(t *testing.T) {
	t.Parallel()
	const users, each = 4, 20
	state := newLedger()
	var senders []user
	for i := range uint64(users) {
		u := newUser(i + 1)
		state.balance[u.addr] = 1 << 30
		senders = append(senders, u)
	}
	p := newPool(t, state, nil)
	var wg sync.WaitGroup
	for _, u := range senders {
		wg.Go(func() {
			for nonce := range uint64(each) {
				mustAddQuietly(t, p.AddAll([][]byte{u.sign(transfer(u, senders[0], nonce+1, 1, 10))})[0].Err)
				p.Select(5, 1<<20)
				p.List(0, 3)
				if _, err := p.NextNonce(u.addr); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Go(func() {
		for h := range uint64(50) {
			if err := p.Committed(h+1, []chain.Hash{{byte(h)}}, []chain.Address{senders[0].addr}); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	if s := p.Stats(); s.Executable != users*each {
		t.Fatalf("want all %d executable, got %+v", users*each, s)
	}
}

func mustAddQuietly(t *testing.T, err error) {
	if err != nil {
		t.Errorf("add: %v", err)
	}
}
