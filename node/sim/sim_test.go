package sim

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
)

func run(t *testing.T, cfg Config) Result {
	t.Helper()
	res, err := Run(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range res.Violations {
		t.Errorf("seed %d: %s", cfg.Seed, v)
	}
	t.Logf("%+v", res)
	return res
}

func TestACalmNetworkFinalisesBlocksInRoundZero(t *testing.T) {
	t.Parallel()
	res := run(t, Config{Seed: 1, Nodes: 4, Heights: 100, Faults: Calm(), TxEvery: 20, Limit: 3_600_000})
	if res.Rounds != 0 {
		t.Errorf("%d of %d heights needed a later round, though nothing was lost", res.Rounds, res.Heights)
	}
	if res.Transfers == 0 {
		t.Error("no transfer became final")
	}
}

func TestTheSameSeedGivesTheSameTrace(t *testing.T) {
	t.Parallel()
	cfg := Config{Seed: 7, Nodes: 4, Heights: 60, Faults: Rough(), TxEvery: 50, Limit: 3_600_000}
	a, b := run(t, cfg), run(t, cfg)
	if a.TraceHash != b.TraceHash {
		t.Errorf("two runs of seed %d differ: %s and %s", cfg.Seed, a.TraceHash, b.TraceHash)
	}
	cfg.Seed++
	if c := run(t, cfg); c.TraceHash == a.TraceHash {
		t.Error("another seed gives the same trace: the trace does not see the run")
	}
}

func TestARoughNetworkStaysSafeAndLive(t *testing.T) {
	t.Parallel()
	crashes, later := 0, uint64(0)
	for seed := range uint64(6) {
		res := run(t, Config{Seed: 100 + seed, Nodes: 4 + int(seed%4), Heights: 150, Faults: Rough(), TxEvery: 30, Limit: 3_600_000})
		crashes, later = crashes+res.Crashes, later+res.Rounds
	}
	if crashes == 0 || later == 0 {
		t.Errorf("%d crashes, %d later rounds: the runs prove nothing about them", crashes, later)
	}
}

func TestASingleValidatorForgesAlone(t *testing.T) {
	t.Parallel()
	run(t, Config{Seed: 3, Nodes: 1, Heights: 50, Faults: Calm(), TxEvery: 20, Limit: 600_000})
}

func TestAnIdleChainForgesOneBlockEachIdlePeriod(t *testing.T) {
	t.Parallel()
	p := chain.DefaultParams()
	p.MaxIdle = 2000
	res := run(t, Config{Seed: 4, Nodes: 4, Heights: 20, Faults: Calm(), Limit: 600_000, Params: &p})
	if res.SimSeconds < 19*2 || res.SimSeconds > 22*2 {
		t.Errorf("20 idle blocks 2 s apart took %.1f s", res.SimSeconds)
	}
}

func TestTenThousandHeightsUnderFaults(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("minutes under the race detector: make sim runs it without")
	}
	t.Parallel()
	res := run(t, Config{Seed: 10_000, Nodes: 4, Heights: 10_000, Faults: Rough(), TxEvery: 100, Limit: 24 * 3_600_000})
	if res.Crashes < 20 || res.Rounds < 100 {
		t.Errorf("%d crashes and %d later rounds in 10,000 heights: too few to prove anything", res.Crashes, res.Rounds)
	}
}
