package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/faults"
)

// What is printed for a world, however it was changed since it was drawn, makes the same world again.
func TestTheCommandToSeeAWorldAgainShowsTheSameWorld(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*sim.Config){
		"as it was drawn":   func(*sim.Config) {},
		"without faults":    func(c *sim.Config) { c.Faults = nil },
		"with one fault":    func(c *sim.Config) { c.Faults = c.Faults[:min(1, len(c.Faults))] },
		"shorter":           func(c *sim.Config) { c.Heights, c.FaultTime, c.FaultLeast = 3, 20_000, 2000 },
		"smaller, no loads": func(c *sim.Config) { c.Nodes, c.Weights, c.Followers, c.TxEvery = 4, nil, 1, 0 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := faults.FindProfile("chaos")
			if err != nil {
				t.Fatal(err)
			}
			cfg := p.Scenario(11)
			cfg.Heights = min(cfg.Heights, 8)
			change(&cfg)
			want, err := sim.Run(cfg)
			if err != nil {
				t.Fatal(err)
			}
			args := strings.Fields(strings.TrimSuffix(faults.Again(cfg), " -v"))[1:]
			var got sim.Result
			if err := json.Unmarshal([]byte(must(t, append(args, "--output", "json")...)), &got); err != nil {
				t.Fatal(err)
			}
			if got.TraceHash != want.TraceHash {
				t.Errorf("posnet %s shows another world: %s, not %s", strings.Join(args, " "), got.TraceHash, want.TraceHash)
			}
		})
	}
}

func TestSimRefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		says string
		args []string
	}{
		{"--seeds", []string{"--seeds", "0"}},
		{"for one world", []string{"--seeds", "3", "-v"}},
		{"for one world", []string{"--seeds", "3", "--minimise"}},
		{"exclude each other", []string{"-v", "--output", "json"}},
		{"from 0 to 200", []string{"--nodes", "-3"}},
		{"no profile", []string{"--profile", "long life"}},
		{"LOSS", []string{"--fault", "LOSS"}},
	} {
		cmd := newSimCommand()
		cmd.SilenceUsage, cmd.SilenceErrors = true, true
		cmd.SetArgs(c.args)
		if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("sim %s: %v, which does not mention %q", strings.Join(c.args, " "), err, c.says)
		}
	}
}

func TestSimTellsItsStoryAndItsFaults(t *testing.T) {
	t.Parallel()
	shows(t, must(t, "sim", "--seed", "7", "--heights", "3", "--fault", "clock-freeze,crash", "--fault-least", "20000", "-v"),
		"clock-freeze strikes: ", "crash strikes: ", "n0 starts", "the faults end", "all kept")
	shows(t, must(t, "sim", "--seed", "7", "--heights", "2", "--fault", "none", "--minimise"), "keeps all promises: there is nothing to minimise")
	shows(t, must(t, "sim", "--seeds", "2", "--heights", "2", "--profile", "calm"), "0 of", "all kept")
	var all listed
	if err := json.Unmarshal([]byte(must(t, "sim", "--list", "--output", "json")), &all); err != nil || len(all.Faults) < 100 || len(all.Profiles) < 8 {
		t.Errorf("%d faults, %d profiles: %v", len(all.Faults), len(all.Profiles), err)
	}
}
