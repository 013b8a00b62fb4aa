package store

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// BenchmarkLongChain commits blocks of 10,000 transfers between 100,000 of the accounts there are, as fast as they come, with
// the state tree, fsync and pruning, and with the caches that a node has beside 16 GiB of memory. What it tells is of the last
// hundred blocks. The cost grows with what is there already:
//
//	POSNET_BENCH_ACCOUNTS=10000000 go test ./node/store -run '^$' -bench LongChain -benchtime 200x
func BenchmarkLongChain(b *testing.B) {
	const txs, inUse, last = 10_000, 100_000, 100
	accounts := inUse
	if text := os.Getenv("POSNET_BENCH_ACCOUNTS"); text != "" {
		var err error
		if accounts, err = strconv.Atoi(text); err != nil || accounts < inUse {
			b.Fatalf("POSNET_BENCH_ACCOUNTS=%q is no number from %d on", text, inUse)
		}
	}
	defer debug.SetGCPercent(debug.SetGCPercent(60)) // as posnet node does
	s := importedStore(b, accounts, Options{}.WithCaches(512<<20))
	defer func() {
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}()
	rnd := rand.New(rand.NewPCG(1, 2))
	var spent time.Duration
	var commits []time.Duration
	height := uint64(1)
	for b.Loop() {
		if len(commits) == last { // forget those before
			spent, commits = 0, commits[:0]
		}
		b.StopTimer()
		height++
		before := processorTime(b)
		c := benchBlock(b, s, rnd, height, txs, inUse) // the tree is in it, and some hashing for the sake of the test
		b.StartTimer()
		start := time.Now()
		if err := s.Commit(c); err != nil {
			b.Fatal(err)
		}
		commits = append(commits, time.Since(start))
		for more := true; more; {
			var err error
			if more, err = s.Prune(100); err != nil {
				b.Fatal(err)
			}
		}
		spent += processorTime(b) - before
	}
	slices.Sort(commits)
	b.ReportMetric(float64(spent.Microseconds())/float64(len(commits)*txs), "cpu-us/tx")
	b.ReportMetric(float64(commits[len(commits)*99/100].Microseconds())/1000, "p99-ms/commit")
}

// importedStore has so many accounts at height 1.
func importedStore(b *testing.B, accounts int, opts Options) *Store {
	b.Helper()
	dir := filepath.Join(b.TempDir(), "db")
	i, err := NewImport(vfs.Default, dir, opts)
	if err != nil {
		b.Fatal(err)
	}
	all := make([]KV, accounts)
	for n := range all {
		all[n] = benchAccount(n, 0)
	}
	slices.SortFunc(all, func(x, y KV) int { return bytes.Compare(x.Key, y.Key) })
	for n := range all {
		if err := i.Add(all[n].Key, all[n].Value); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := i.Build(1, nil); err != nil {
		b.Fatal(err)
	}
	err = i.Commit(Base{Genesis: genesisHash, GenesisFile: genesisBytes, Height: 1, BlockHash: sum("hash", 1), Block: block(1), Certificate: []byte("c")})
	if err != nil {
		b.Fatal(err)
	}
	s, err := Open(vfs.Default, dir, opts)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// processorTime is what this process has taken so far, of all processors.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
