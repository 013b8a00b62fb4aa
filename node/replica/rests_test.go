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
