package faults_test

import (
	"testing"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/faults"
)

// TestAForgerThatGoesAheadDoesNotSlowTheChain keeps the seeds that found honest forgers waiting for the time of their
// parent: a validator below a third forged most blocks, ten rounds and more a height, ten seconds and more to a block.
func TestAForgerThatGoesAheadDoesNotSlowTheChain(t *testing.T) {
	t.Parallel()
	ahead, err := faults.Find("future-time-forger")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		seed    uint64
		every   uint64
		weights []uint64
	}{
		{1, 20, []uint64{1034079, 577204, 595532, 1125112}},
		{4, 100, []uint64{1277466, 794625, 955919, 997436}},
	} {
		res, err := sim.Run(sim.Config{
			Seed: c.seed, Nodes: 4, Weights: c.weights, Heights: 20, FaultTime: 120_000, CalmHeights: 5, TxEvery: c.every, Faults: []sim.Fault{ahead},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range res.Violations {
			t.Errorf("seed %d: %s", c.seed, v)
		}
		if res.SimSeconds > 20 || res.Fired[ahead.Name()] == 0 {
			t.Errorf("seed %d: %d heights took %.0f simulated seconds, %d forged ahead", c.seed, res.Heights, res.SimSeconds, res.Fired[ahead.Name()])
		}
	}
}
