package ledger

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

// BenchmarkApply executes blocks of transfers between random accounts of a state of 10,000 in memory: of transfers that the pool
// has read and verified before, and of ones that nobody has seen. The last metric is the time of one transfer.
func BenchmarkApply(b *testing.B) {
	const accounts = 10_000
	crowd := make([]keys.PrivateKey, accounts)
	for i := range crowd {
		var seed [32]byte
		binary.BigEndian.PutUint64(seed[1:], uint64(i))
		crowd[i] = keys.FromSeed(seed)
	}
	w := newWorld(b, func(g *chain.Genesis) {
		for _, k := range crowd {
			g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: k.Public(), Balance: 1000 * pos})
		}
		slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return bytes.Compare(a.Address[:], b.Address[:]) })
	})
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 1000, 5000} {
		var txs [][]byte
		opened := map[string]*chain.SignedTx{}
		nonces := map[int]uint64{}
		for len(txs) < n {
			from, to := rnd.IntN(accounts), rnd.IntN(accounts)
			if from == to {
				continue
			}
			nonces[from]++
			tx := chain.Tx{Kind: chain.TxTransfer, From: crowd[from].Public(), Nonce: nonces[from], To: crowd[to].Public(), Amount: 1, Fee: w.genesis.Params.MinFee}
			signed := &chain.SignedTx{Tx: tx, Signature: crowd[from].Sign(chain.TxMessage(w.hash, &tx))}
			raw := chain.Encode(signed)
			txs, opened[string(raw)] = append(txs, raw), signed
		}
		for _, seen := range []bool{true, false} {
			b.Run(fmt.Sprintf("txs=%d/seen=%v", n, seen), func(b *testing.B) {
				in := w.input(txs...)
				if seen {
					in.Opened = func(raw []byte) (*chain.SignedTx, chain.Hash, bool) {
						tx := opened[string(raw)]
						return tx, tx.Tx.ID(), true
					}
				}
				b.ReportAllocs()
				for b.Loop() {
					if _, err := w.apply(in); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/tx")
			})
		}
	}
}
