package mempool_test

import (
	"fmt"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/mempool"
)

// BenchmarkAdd admits transactions of many accounts, one by one, as they come from peers, and as a client's batch brings them.
// An operation is one transaction.
func BenchmarkAdd(b *testing.B) {
	for _, batch := range []int{1, 32, 250} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			raws, state := many(b.N)
			p := newPool(b, state, func(c *mempool.Config) { c.MaxTxs, c.MaxBytes = b.N+1, 1<<30 })
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i += batch {
				for _, r := range p.AddAll(raws[i:min(i+batch, b.N)]) {
					if r.Err != nil {
						b.Fatal(r.Err)
					}
				}
			}
		})
	}
}

// BenchmarkSelectAndCommit takes blocks of 1000 out of a pool of 20,000 transactions.
func BenchmarkSelectAndCommit(b *testing.B) {
	raws, state := many(20_000)
	p := newPool(b, state, nil)
	for _, raw := range raws {
		mustAdd(b, p, raw)
	}
	b.ReportAllocs()
	for b.Loop() {
		var touched []chain.Address
		for _, tx := range p.Select(1000, 1<<20) {
			touched = append(touched, tx.Body.From, tx.Body.To)
		}
		if err := p.Committed(0, nil, touched); err != nil {
			b.Fatal(err)
		}
	}
}

func many(n int) ([][]byte, *ledger) {
	const each = 20
	state, to := newLedger(), newUser(1<<40)
	raws := make([][]byte, 0, n)
	var from user
	for i := range n {
		if i%each == 0 {
			from = newUser(uint64(i))
			state.balance[from.addr] = 1 << 30
		}
		raws = append(raws, from.sign(transfer(from, to, uint64(i%each+1), 1, 10)))
	}
	return raws, state
}
