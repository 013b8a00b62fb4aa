package replica

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/mempool"
	"github.com/posnet/posnet/node/signer"
	"github.com/posnet/posnet/node/store"
)

// benched is a single validator on a disk in memory, which does nothing by itself, with a crowd of accounts.
func benched(b *testing.B, accounts int) (*Replica, []keys.PrivateKey, chain.Hash) {
	b.Helper()
	own := func(use byte) keys.PrivateKey { return keys.FromSeed([32]byte{use, 0xbe}) }
	account, key, vrf, peer := own(1), own(2), own(3), own(4)
	g := &chain.Genesis{ChainID: "bench", Time: 1_800_000_000_000, Params: chain.DefaultParams(),
		Validators: []chain.GenesisValidator{{Address: account.Public(), Keys: chain.ValidatorKeys{Consensus: key.Public(), VRF: vrf.Public(), Peer: peer.Public()}}},
		Accounts:   []chain.GenesisAccount{{Address: account.Public(), Balance: 1 << 40}},
		Bonds:      []chain.GenesisBond{{Staker: account.Public(), Validator: account.Public(), Amount: 1_000_000}},
	}
	g.Params.MaxIdle, g.Params.MaxBytes = 0, chain.MaxBlockBytes
	crowd := make([]keys.PrivateKey, accounts)
	for i := range crowd {
		var seed [32]byte
		binary.BigEndian.PutUint64(seed[2:], uint64(i))
		crowd[i] = keys.FromSeed(seed)
		g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: crowd[i].Public(), Balance: 1 << 30})
	}
	slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return bytes.Compare(a.Address[:], b.Address[:]) })
	fail := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	disk := vfs.NewMem()
	fail(signer.Create(disk, "validator", key, vrf))
	s, err := signer.Open(disk, "validator")
	fail(err)
	db, err := store.Open(disk, "db", store.Options{Genesis: g.Hash(), MemTableBytes: 16 << 20, CacheBytes: 16 << 20, TreeCacheBytes: 16 << 20})
	fail(err)
	now := g.Time
	r, err := Open(Config{
		Genesis: g, Self: account.Public(), Signer: s, Store: db, FS: disk, WALDir: "wal", Logger: slog.New(slog.DiscardHandler),
		Pool: mempool.Config{MaxTxs: 10_000, MaxBytes: 1 << 26},
		Ports: Ports{
			Now:      func() uint64 { now++; return now },
			SetTimer: func(consensus.Timer, uint64) {}, Broadcast: func(byte, []byte) {}, Send: func(string, byte, []byte) {}, PeerHeight: func(string, uint64) {},
		},
	})
	fail(err)
	b.Cleanup(func() {
		fail(r.Close())
		fail(s.Close())
		fail(db.Close())
	})
	return r, crowd, g.Hash()
}

// BenchmarkBlock makes the block of a height from a pool of transfers, executing it, and executes one as a voter does whose pool
// holds its transactions. The last metric is the time of one transfer.
func BenchmarkBlock(b *testing.B) {
	for _, n := range []int{1, 1000, 5000} {
		r, crowd, genesis := benched(b, n+1)
		for i := range n {
			tx := chain.Tx{Kind: chain.TxTransfer, From: crowd[i].Public(), Nonce: 1, To: crowd[i+1].Public(), Amount: 1, Fee: r.tip.params.MinFee}
			if _, err := r.pool.Add(chain.Encode(&chain.SignedTx{Tx: tx, Signature: crowd[i].Sign(chain.TxMessage(genesis, &tx))})); err != nil {
				b.Fatal(err)
			}
		}
		each := func(b *testing.B) {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/tx")
		}
		var block *chain.Block
		b.Run(fmt.Sprintf("build/txs=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if block, _ = r.build(&consensus.Build{Height: 1}, r.tip.time+1); block == nil || len(block.Txs) != n {
					b.Fatal("no block of all transfers was made")
				}
			}
			each(b)
		})
		b.Run(fmt.Sprintf("execute/txs=%d", n), func(b *testing.B) {
			hash := block.Header.Hash()
			b.ReportAllocs()
			for b.Loop() {
				delete(r.outcomes, hash)
				if err := r.execute(block, hash); err != nil {
					b.Fatal(err)
				}
			}
			each(b)
		})
	}
}
