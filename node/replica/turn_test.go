package replica_test

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

// A lone validator decides a block without anybody's answer, and with more to do would go on for ever in one call: nobody would
// be told of its blocks, its process would count as hanging, and could not be ended in order.
func TestALoneValidatorReturnsBetweenBlocks(t *testing.T) {
	t.Parallel()
	const blocks, each = 30, 4
	var senders []keys.PrivateKey
	g := network(func(g *chain.Genesis) {
		g.Params.MaxTxs = each
		for n := range byte(blocks * each) {
			k := keys.FromSeed([32]byte{n, 1, 0x74})
			senders = append(senders, k)
			g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: k.Public(), Balance: 1 << 20})
		}
	})
	m, err := bootInto(g, newDisk(t), newWitness(), true)
	must(t, err)
	for _, from := range senders {
		tx := chain.Tx{Kind: chain.TxTransfer, From: from.Public(), Nonce: 1, To: account.Public(), Amount: 1, Fee: g.Params.MinFee}
		_, err := m.replica.Pool().Add(chain.Encode(&chain.SignedTx{Tx: tx, Signature: from.Sign(chain.TxMessage(g.Hash(), &tx))}))
		must(t, err)
	}
	const most = 2 // blocks of one turn
	turn := m.replica.PoolChanged
	for turns := 0; m.replica.Pool().Executable() > 0; turns++ {
		before := m.height()
		turn()
		if made := m.height() - before; made == 0 || made > most {
			t.Fatalf("%d blocks in one turn, want 1 to %d", made, most)
		}
		if len(m.timers) == 0 || turns > blocks {
			t.Fatalf("after %d turns at height %d nothing goes on", turns, m.height())
		}
		next := m.timers[len(m.timers)-1]
		m.timers = m.timers[:len(m.timers)-1]
		if next.at > m.w.clock() {
			t.Fatalf("it goes on in %d ms", next.at-m.w.clock())
		}
		turn = func() { m.replica.Timer(next.t) }
	}
	if m.height() != blocks {
		t.Errorf("%d blocks were made, want %d", m.height(), blocks)
	}
	must(t, m.close())
}
