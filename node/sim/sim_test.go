package sim_test

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/sim"
)

func run(t *testing.T, cfg sim.Config) sim.Result {
	t.Helper()
	res, err := sim.Run(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range res.Violations {
		t.Errorf("seed %d: %s", cfg.Seed, v)
	}
	t.Logf("seed %d: %d heights in %.0f simulated and %.2f real seconds, %d events, %d messages, %d transfers, trace %.16s",
		res.Seed, res.Heights, res.SimSeconds, res.WallSeconds, res.Events, res.Messages, res.Transfers, res.TraceHash)
	return res
}

func TestACalmNetworkFinalisesBlocksInRoundZero(t *testing.T) {
	t.Parallel()
	res := run(t, sim.Config{Seed: 1, Nodes: 4, Heights: 100, CalmHeights: 5, TxEvery: 10})
	if res.Rounds != 0 {
		t.Errorf("%d of %d heights needed a later round, though nothing was lost", res.Rounds, res.Heights)
	}
	if res.Transfers < 100 {
		t.Errorf("%d transfers became final", res.Transfers)
	}
}

func TestASingleValidatorForgesAlone(t *testing.T) {
	t.Parallel()
	run(t, sim.Config{Seed: 3, Nodes: 1, Heights: 50, CalmHeights: 5, TxEvery: 20})
}

func TestAnIdleChainForgesOneBlockEachIdlePeriod(t *testing.T) {
	t.Parallel()
	p := chain.DefaultParams()
	p.MaxIdle = 2000
	res := run(t, sim.Config{Seed: 4, Nodes: 4, Heights: 20, Params: &p})
	if res.SimSeconds < 19*2 || res.SimSeconds > 22*2 {
		t.Errorf("20 idle blocks 2 s apart took %.1f s", res.SimSeconds)
	}
}

func TestFollowersThatComeLateCatchUp(t *testing.T) {
	t.Parallel()
	run(t, sim.Config{Seed: 5, Nodes: 4, Followers: 2, Heights: 300, CalmHeights: 10, TxEvery: 30})
}

func TestTheSameSeedGivesTheSameTrace(t *testing.T) {
	t.Parallel()
	cfg := sim.Config{Seed: 7, Nodes: 4, Heights: 60, CalmHeights: 5, TxEvery: 20}
	a, b := run(t, cfg), run(t, cfg)
	if a.TraceHash != b.TraceHash {
		t.Errorf("two runs of seed %d differ: %s and %s", cfg.Seed, a.TraceHash, b.TraceHash)
	}
	cfg.Seed++
	if c := run(t, cfg); c.TraceHash == a.TraceHash {
		t.Error("another seed gives the same trace: the trace does not see the run")
	}
}
