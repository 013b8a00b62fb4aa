package mempool_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/mempool"
)

const (
	smallTxs        = 12
	smallPerAccount = 5
	smallBytes      = 2600
)

// TestAPoolHoldsItsPromisesWhateverHappens drives a small pool with random arrivals and blocks, against a model of the
// ledger, and after each step checks all that the package's comment promises.
func TestAPoolHoldsItsPromisesWhateverHappens(t *testing.T) {
	t.Parallel()
	users := make([]user, 5)
	for i := range users {
		users[i] = newUser(uint64(i + 1))
	}
	rapid.Check(t, func(t *rapid.T) {
		state := newLedger()
		for _, u := range users {
			state.balance[u.addr] = rapid.Uint64Range(0, 400).Draw(t, "balance")
		}
		p, err := mempool.New(mempool.Config{
			Genesis: genesis, Params: params(), State: state,
			MaxTxs: smallTxs, MaxPerAccount: smallPerAccount, MaxBytes: smallBytes,
		})
		if err != nil {
			t.Fatal(err)
		}
		height := uint64(0)
		anyUser := rapid.SampledFrom(users)
		draw := func() (user, chain.Tx) {
			from := anyUser.Draw(t, "from")
			next := state.nonce[from.addr] + 1
			tx := transfer(from, anyUser.Draw(t, "to"),
				rapid.Uint64Range(max(next, 2)-1, next+smallPerAccount).Draw(t, "nonce"),
				rapid.Uint64Range(1, 60).Draw(t, "amount"), rapid.Uint64Range(9, 40).Draw(t, "fee"))
			tx.Memo = make([]byte, rapid.IntRange(0, 100).Draw(t, "memo"))
			if rapid.Bool().Draw(t, "expires") {
				tx.ValidUntil = height + rapid.Uint64Range(0, 3).Draw(t, "for")
			}
			return from, tx
		}
		commit := func(txs []*mempool.Tx, others ...chain.Tx) {
			var ids []chain.Hash
			var touched []chain.Address
			apply := func(tx *chain.Tx) {
				if err := state.apply(tx); err != nil {
					t.Fatalf("a selected transaction does not apply: %v", err)
				}
				ids = append(ids, tx.ID())
				touched = append(touched, tx.From, tx.To)
			}
			for _, tx := range txs {
				apply(tx.Body)
			}
			for i := range others {
				apply(&others[i])
			}
			height++
			if err := p.Committed(height, ids, touched); err != nil {
				t.Fatal(err)
			}
		}
		var ever []*mempool.Tx // that were admitted
		t.Repeat(map[string]func(*rapid.T){
			"a transaction arrives": func(*rapid.T) {
				from, tx := draw()
				before := p.Stats()
				got, err := p.Add(from.sign(tx))
				var r *chain.Refusal
				if err != nil && (!errors.As(err, &r) || p.Stats() != before) {
					t.Fatalf("an error must be a refusal and change nothing: %v, %+v to %+v", err, before, p.Stats())
				}
				if err == nil && (p.Get(tx.ID()) != got || !opened(t, p, got.Raw)) {
					t.Fatal("what was admitted must be there")
				}
				if err == nil {
					ever = append(ever, got)
				}
			},
			"a block of ours is decided": func(*rapid.T) {
				commit(p.Select(rapid.IntRange(0, 6).Draw(t, "txs"), rapid.IntRange(0, 1500).Draw(t, "bytes")))
			},
			"a block of another is decided": func(*rapid.T) {
				from, tx := draw()
				if tx.Nonce = state.nonce[from.addr] + 1; tx.Amount+tx.Fee <= state.balance[from.addr] {
					commit(nil, tx)
				}
			},
			"a transaction is removed": func(*rapid.T) {
				if all := p.List(0, smallTxs); len(all) > 0 {
					p.Remove(chain.RefusedSupply, rapid.SampledFrom(all).Draw(t, "which").ID)
				}
			},
			"": func(t *rapid.T) {
				check(t, p, state, height)
				for _, tx := range ever {
					if opened(t, p, tx.Raw) != p.Has(tx.ID) {
						t.Fatalf("the pool holds %x: %v, and knows its bytes: %v", tx.ID, p.Has(tx.ID), !p.Has(tx.ID))
					}
				}
			},
		})
	})
}

func check(t *rapid.T, p *mempool.Pool, state *ledger, height uint64) {
	all, stats := p.List(0, 1<<30), p.Stats()
	bytes, cost, last := 0, map[chain.Address]uint64{}, uint64(0)
	count := map[chain.Address]int{}
	for _, tx := range all {
		bytes += len(tx.Raw)
		cost[tx.Body.From] += tx.Cost()
		count[tx.Body.From]++
		if tx.Seq <= last {
			t.Fatal("a list is in order of arrival")
		}
		last = tx.Seq
		if tx.Body.Nonce <= state.nonce[tx.Body.From] || (tx.Body.ValidUntil != 0 && tx.Body.ValidUntil <= height) {
			t.Fatalf("a transaction that no block can take stays: %+v at height %d", tx.Body, height)
		}
		if p.Get(tx.ID) != tx || !opened(t, p, tx.Raw) {
			t.Fatal("the indexes disagree")
		}
	}
	for addr, c := range cost {
		if c > state.balance[addr] || count[addr] > smallPerAccount {
			t.Fatalf("an account holds %d transactions for %d of its %d", count[addr], c, state.balance[addr])
		}
	}
	if len(all) != stats.Transactions || bytes != stats.Bytes || len(cost) != stats.Accounts {
		t.Fatalf("want %d transactions, %d bytes, %d accounts; stats say %+v", len(all), bytes, len(cost), stats)
	}
	if len(all) > smallTxs || bytes > smallBytes {
		t.Fatalf("the pool is above its bounds: %d transactions, %d bytes", len(all), bytes)
	}
	chosen := p.Select(1<<30, 1<<30)
	if len(chosen) != p.Executable() {
		t.Fatalf("%d are executable, but %d were selected", p.Executable(), len(chosen))
	}
	world, next := state.clone(), map[chain.Address]uint64{}
	for _, tx := range chosen {
		if err := world.apply(tx.Body); err != nil {
			t.Fatalf("selected transactions must apply in order: %v", err)
		}
		next[tx.Body.From] = tx.Body.Nonce + 1
	}
	for addr, want := range next {
		if got, err := p.NextNonce(addr); got != want || err != nil {
			t.Fatalf("next nonce: want %d, got %d, %v", want, got, err)
		}
	}
	again := p.Select(1<<30, 1<<30)
	for i := range again {
		if again[i] != chosen[i] {
			t.Fatal("the same pool must select the same")
		}
	}
}
