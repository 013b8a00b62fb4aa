package store

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/ledger/tree"
)

// benchBlock is a block of transfers between random accounts of a state.
func benchBlock(b *testing.B, s *Store, rnd *rand.Rand, height uint64, txs, accounts int) Commit {
	c := Commit{Height: height, BlockHash: sum("hash", height), Certificate: make([]byte, 400), Block: make([]byte, 220*txs)}
	for i := range c.Block {
		c.Block[i] = byte(rnd.Uint32())
	}
	seen := map[int]bool{}
	for i := range txs {
		c.TxIDs = append(c.TxIDs, sum("tx", height, i))
		for range 2 {
			if a := rnd.IntN(accounts); !seen[a] {
				seen[a] = true
				c.State = append(c.State, benchAccount(a, height))
			}
		}
	}
	_, change, err := tree.Apply(s.TreeReader(), height-1, height, updates(c.State))
	if err != nil {
		b.Fatal(err)
	}
	c.Tree = change
	return c
}

func benchAccount(i int, height uint64) KV {
	key := sum("account", i)
	return KV{Key: append([]byte{'a'}, key[:]...), Value: fmt.Appendf(nil, "%012d", height)}
}

func benchStore(b *testing.B, accounts int) *Store {
	s, err := Open(vfs.Default, b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	var kvs []KV
	for i := range accounts {
		kvs = append(kvs, benchAccount(i, 0))
	}
	_, change, err := tree.Apply(s.TreeReader(), tree.NoVersion, 0, updates(kvs))
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Initialize(Genesis{Hash: genesisHash, State: kvs, Tree: change}); err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkCommit measures blocks on a real disk, fsync and pruning included,
// and the update of the state tree over the store beside it.
func BenchmarkCommit(b *testing.B) {
	const accounts = 100_000
	for _, txs := range []int{1, 500, 2_000} {
		b.Run(fmt.Sprintf("txs=%d", txs), func(b *testing.B) {
			s := benchStore(b, accounts)
			defer func() {
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}()
			rnd := rand.New(rand.NewPCG(1, 2))
			height, bytes := uint64(0), 0
			s.opts.OnCommit = func(c CommitStats) { bytes += c.Bytes }
			for b.Loop() {
				b.StopTimer()
				height++
				c := benchBlock(b, s, rnd, height, txs, accounts)
				b.StartTimer()
				if err := s.Commit(c); err != nil {
					b.Fatal(err)
				}
				if _, err := s.Prune(10); err != nil {
					b.Fatal(err)
				}
			}
			n := float64(b.N) * float64(txs)
			b.ReportMetric(float64(b.Elapsed().Microseconds())/n, "us/tx")
			b.ReportMetric(float64(bytes)/n, "B-logged/tx")
			b.ReportMetric(float64(s.db.Metrics().DiskSpaceUsage())/n, "B-disk/tx")
		})
	}
}

func BenchmarkTreeOverStore(b *testing.B) {
	const accounts = 100_000
	s := benchStore(b, accounts)
	defer func() {
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}()
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, batch := range []int{1_000, 5_000} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				us := make([]tree.Update, batch)
				for i := range us {
					us[i] = tree.Update{Key: chain.Sum(benchAccount(rnd.IntN(accounts), 0).Key), ValueHash: sum("v", rnd.Int())}
				}
				b.StartTimer()
				if _, _, err := tree.Apply(s.TreeReader(), 0, 1, us); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/update")
		})
	}
}

func BenchmarkStateRead(b *testing.B) {
	const accounts = 100_000
	s := benchStore(b, accounts)
	defer func() {
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}()
	r := s.StateReader()
	for name, from := range map[string]int{"present": 0, "absent": accounts} {
		keys := make([][]byte, accounts)
		for i := range keys {
			keys[i] = benchAccount(from+i, 0).Key
		}
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		b.Run(name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if _, err := r.Get(keys[i%len(keys)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
