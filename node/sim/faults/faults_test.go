package faults_test

import (
	"testing"
	"time"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/faults"
)

// TestEachFaultStrikesAndBreaksNothing runs every fault alone: three worlds each, and two more while it has not struck. In
// short mode it takes every tenth fault, from one that changes with the day; `make sim` runs all.
func TestEachFaultStrikesAndBreaksNothing(t *testing.T) {
	t.Parallel()
	worlds, all := uint64(3), faults.All()
	if testing.Short() {
		worlds, all = 1, sample(all, 10)
	}
	for _, f := range all {
		t.Run(f.Name(), func(t *testing.T) {
			t.Parallel()
			fired := 0
			for i := uint64(0); i < worlds || fired == 0 && i < worlds+2; i++ {
				res := must(t, sim.Config{
					Seed: 1000 + i, Profile: f.Name(), Nodes: 4 + int(i%3), Followers: 1, Heights: 40, FaultTime: 120_000, CalmHeights: 5,
					TxEvery: 100, MaxEvents: 4_000_000, Faults: []sim.Fault{f},
				})
				fired += res.Fired[f.Name()]
			}
			if fired == 0 {
				t.Error("it never struck: the runs prove nothing about it")
			}
		})
	}
}

// sample takes every n-th fault.
func sample(all []*faults.Fault, n int) (some []*faults.Fault) {
	for i := time.Now().YearDay() % n; i < len(all); i += n {
		some = append(some, all[i])
	}
	return some
}
