package replica_test

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

// After a large block the next waits for company, for as long as a share of a timeout, and is then made whatever there is.
func TestTheForgerOfABusyChainRests(t *testing.T) {
	t.Parallel()
	const each = 100
	var senders []keys.PrivateKey
	g := network(func(g *chain.Genesis) {
		for n := range byte(each + 1) {
			k := keys.FromSeed([32]byte{n, 2, 0x74})
			senders = append(senders, k)
			g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: k.Public(), Balance: 1 << 20})
		}
	})
	m, err := bootInto(g, newDisk(t), newWitness(), true)
	must(t, err)
	add := func(from keys.PrivateKey) {
		tx := chain.Tx{Kind: chain.TxTransfer, From: from.Public(), Nonce: 1, To: account.Public(), Amount: 1, Fee: g.Params.MinFee}
		_, err := m.replica.Pool().Add(chain.Encode(&chain.SignedTx{Tx: tx, Signature: from.Sign(chain.TxMessage(g.Hash(), &tx))}))
		must(t, err)
	}
	for _, from := range senders[:each] {
		add(from)
	}
	m.replica.PoolChanged()
	if m.height() != 1 {
		t.Fatalf("height %d, want a first block at once", m.height())
	}
	add(senders[each])
	m.timers = nil
	for range 3 {
		m.replica.PoolChanged()
	}
	rest := g.Params.ProposeTimeout / 8
	if m.height() != 1 || len(m.timers) == 0 {
		t.Fatalf("height %d with %d timers: the forger does not rest", m.height(), len(m.timers))
	}
	last, idle := m.timers[0].at, 0
	for _, a := range m.timers {
		if a.at == m.w.clock()+rest {
			last, idle = a.at, idle+1
		}
	}
	if idle != 1 {
		t.Fatalf("%d timers for the end of the rest, want 1: %+v", idle, m.timers)
	}
	m.at(last)
	for _, a := range m.timers {
		if a.at <= last {
			m.replica.Timer(a.t)
		}
	}
	if m.height() != 2 {
		t.Errorf("height %d after the rest, want 2", m.height())
	}
	must(t, m.close())
}

// A block that is first proposed when a round has failed is half as large: others may have failed because theirs came too late.
func TestABlockOfALaterRoundIsSmaller(t *testing.T) {
	t.Parallel()
	const most = 1200
	w := newWitness()
	var senders []keys.PrivateKey
	g := network(func(g *chain.Genesis) {
		g.Params.MaxTxs = most
		g.Time = w.clock() + 3*g.Params.ClockDrift/2 // round 0 is too early for a block, and round 1 bears it
		for n := range most {
			k := keys.FromSeed([32]byte{byte(n), byte(n >> 8), 3, 0x74})
			senders = append(senders, k)
			g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: k.Public(), Balance: 1 << 20})
		}
	})
	m, err := bootInto(g, newDisk(t), w, true)
	must(t, err)
	for _, from := range senders {
		tx := chain.Tx{Kind: chain.TxTransfer, From: from.Public(), Nonce: 1, To: account.Public(), Amount: 1, Fee: g.Params.MinFee}
		_, err := m.replica.Pool().Add(chain.Encode(&chain.SignedTx{Tx: tx, Signature: from.Sign(chain.TxMessage(g.Hash(), &tx))}))
		must(t, err)
	}
	m.replica.PoolChanged()
	for range 40 {
		if m.height() > 0 {
			break
		}
		m.pass(100)
	}
	if left := m.replica.Pool().Executable(); m.height() != 1 || left != most/2 {
		t.Errorf("height %d, %d of %d transactions left: want a first block of half of them", m.height(), left, most)
	}
	must(t, m.close())
}
