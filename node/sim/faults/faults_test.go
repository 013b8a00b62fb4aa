package faults_test

import (
	"testing"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/faults"
)

// TestEachFaultStrikesAndBreaksNothing runs every fault alone.
func TestEachFaultStrikesAndBreaksNothing(t *testing.T) {
	t.Parallel()
	for _, f := range faults.All() {
		t.Run(f.Name(), func(t *testing.T) {
			t.Parallel()
			fired := 0
			for seed := range uint64(3) {
				res, err := sim.Run(sim.Config{
					Seed: 1000 + seed, Profile: f.Name(), Nodes: 4 + int(seed), Followers: 1, Heights: 40, FaultTime: 120_000, CalmHeights: 5,
					TxEvery: 100, Faults: []sim.Fault{f},
				})
				if err != nil {
					t.Fatal(err)
				}
				for _, v := range res.Violations {
					t.Errorf("seed %d: %s", res.Seed, v)
				}
				fired += res.Fired[f.Name()]
			}
			if fired == 0 {
				t.Error("it never struck: the runs prove nothing about it")
			}
		})
	}
}
