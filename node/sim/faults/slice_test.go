package faults_test

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/faults"
)

// number reads a setting of this test's environment.
func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s=%q is no number", name, text)
	}
	return n
}

// fresh is a seed that nobody has run before.
func fresh(t *testing.T) uint64 {
	t.Helper()
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		t.Fatal(err)
	}
	return uint64(binary.BigEndian.Uint32(b[:]))
}

// TestFreshSeeds runs worlds that nobody has seen before: POSNET_SIM_SEEDS of them, from POSNET_SIM_SEED on, which is drawn
// if it is not given. Every eighth runs twice: its trace must be the same.
func TestFreshSeeds(t *testing.T) {
	t.Parallel()
	seeds := number(t, "POSNET_SIM_SEEDS", 20)
	if testing.Short() {
		seeds = min(seeds, 10)
	}
	first := number(t, "POSNET_SIM_SEED", fresh(t))
	t.Logf("seeds %d to %d; POSNET_SIM_SEED=%d runs them again", first, first+seeds-1, first)
	profiles := faults.Profiles()
	var mu sync.Mutex
	runs, strokes, heights := map[string]int{}, map[string]int{}, uint64(0)
	t.Run("seeds", func(t *testing.T) {
		for i := range seeds {
			seed, p := first+i, profiles[i%uint64(len(profiles))]
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				res := must(t, p.Scenario(seed))
				if i%8 == 0 {
					if again := must(t, p.Scenario(seed)); again.TraceHash != res.TraceHash {
						t.Errorf("two runs of seed %d differ: %s and %s", seed, res.TraceHash, again.TraceHash)
					}
				}
				mu.Lock()
				defer mu.Unlock()
				heights += res.Heights
				for name, n := range res.Fired {
					runs[name]++
					strokes[name] += n
				}
			})
		}
	})
	var table strings.Builder
	for _, f := range faults.All() {
		fmt.Fprintf(&table, "%-32s %5d runs %8d strokes\n", f.Name(), runs[f.Name()], strokes[f.Name()])
	}
	t.Logf("%d heights; what struck:\n%s", heights, table.String())
}

// must runs a world that keeps all promises.
func must(t *testing.T, cfg sim.Config) sim.Result {
	t.Helper()
	res, err := sim.Run(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range res.Violations {
		again := "this test"
		if _, err := faults.FindProfile(cfg.Profile); err == nil {
			again = faults.Again(cfg)
		}
		t.Errorf("seed %d: %s; see it again: %s", cfg.Seed, v, again)
	}
	return res
}

// TestTenThousandHeightsUnderFaults is one long life of a network.
func TestTenThousandHeightsUnderFaults(t *testing.T) {
	t.Parallel()
	heights := number(t, "POSNET_SIM_HEIGHTS", 10_000)
	if testing.Short() {
		heights = 300
	}
	cfg := sim.Config{Seed: 10_000, Profile: "long life", Nodes: 4, Heights: heights, CalmHeights: 20, TxEvery: 60, MaxEvents: heights * 4000}
	for _, name := range []string{"message-loss", "message-delay", "message-duplication", "message-reordering", "crash", "crash-mixed", "partition-one-way"} {
		f, err := faults.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Faults = append(cfg.Faults, f)
	}
	res := must(t, cfg)
	t.Logf("%d heights, %d in later rounds, %d crashes, %.0f simulated seconds, trace %.16s", res.Heights, res.Rounds, res.Crashes, res.SimSeconds, res.TraceHash)
	for _, f := range cfg.Faults {
		if res.Fired[f.Name()] == 0 {
			t.Errorf("%s never struck", f.Name())
		}
	}
}

// TestMinimiseKeepsWhatBreaksAndDropsTheRest plants a checker that cannot bear crashes.
func TestMinimiseKeepsWhatBreaksAndDropsTheRest(t *testing.T) {
	t.Parallel()
	loss, err := faults.Find("message-loss")
	if err != nil {
		t.Fatal(err)
	}
	crash, err := faults.Find("crash")
	if err != nil {
		t.Fatal(err)
	}
	cfg := sim.Config{Seed: 5, Nodes: 5, Followers: 1, Heights: 400, FaultTime: 60_000, TxEvery: 100, Faults: []sim.Fault{loss, crash}, Checkers: []sim.Checker{&timid{}}}
	tries := 0
	small, res, err := faults.Minimise(cfg, func(c sim.Config) (sim.Result, error) {
		tries++
		c.Checkers = []sim.Checker{&timid{}}
		return sim.Run(c)
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Violations) == 0 || len(small.Faults) != 1 || small.Faults[0] != sim.Fault(crash) {
		t.Errorf("after %d tries: faults %v, violations %v; want the crash alone", tries, small.Faults, res.Violations)
	}
	if small.Nodes >= cfg.Nodes || small.Followers != 0 || small.TxEvery != 0 {
		t.Errorf("it kept %d nodes, %d followers, transfers every %d ms: none of them matter", small.Nodes, small.Followers, small.TxEvery)
	}
}

// timid calls a second start of a node a broken promise.
type timid struct {
	sim.Watching
	seen map[*sim.Node]bool
}

func (c *timid) Started(n *sim.Node) {
	if c.seen == nil {
		c.seen = map[*sim.Node]bool{}
	}
	if c.seen[n] {
		n.Violate("timid: %s started again", n.Name)
	}
	c.seen[n] = true
}
