package sim_test

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/sim"
)

// BenchmarkHeights is how long a height of a calm network of four takes, with one transfer in each.
func BenchmarkHeights(b *testing.B) {
	res, err := sim.Run(sim.Config{Seed: 1, Nodes: 4, Heights: uint64(b.N), TxEvery: 10})
	if err != nil || len(res.Violations) > 0 {
		b.Fatal(err, res.Violations)
	}
	b.ReportMetric(float64(res.Transfers)/float64(b.N), "transfers/height")
}

// BenchmarkIdleSecond is how long a second of a network takes that has nothing to do.
func BenchmarkIdleSecond(b *testing.B) {
	p := chain.DefaultParams()
	p.MaxIdle = 60_000
	res, err := sim.Run(sim.Config{Seed: 1, Nodes: 4, Heights: 1_000_000, FaultTime: uint64(b.N) * 1000, Params: &p})
	if err != nil || len(res.Violations) > 0 {
		b.Fatal(err, res.Violations)
	}
}
