package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/faults"
)

// simulation is the command's settings.
type simulation struct {
	seed, seeds, heights, txEvery uint64
	nodes, followers, jobs        int
	profile, output               string
	faults                        []string
	verbose, minimise, list       bool
	changed                       func(flag string) bool
}

func newSimCommand() *cobra.Command {
	s := &simulation{}
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Run a network in simulated time, with everything that can go wrong",
		Long: `Run a whole network in one process and in simulated time: the real consensus, ledger, signer, logs, store, pool and catch-up,
on a simulated clock, network and disks. One seed decides all that happens, so a run can be seen again as often as you like.

Things go wrong as the profile says until every node has decided --heights blocks, or for two simulated minutes; then all heals,
and the network must go on. At every step promises are checked: no two blocks at a height, no contradiction by an honest key,
nothing final lost, right draws, right books, bounded memory. A broken promise ends the run with exit code 1.`,
		Example: `  posnet sim --seed 7                            anything may go wrong
  posnet sim --seed 7 -v                         tell the story
  posnet sim --seed 7 --minimise                 shrink what fails to the least that fails
  posnet sim --profile disks --seeds 1000        seeds 1 to 1000, and which faults struck how often
  posnet sim --fault crash,message-loss --nodes 7 --heights 500
  posnet sim --list                              all profiles and faults`,
		Args: cobra.NoArgs,
	}
	f := cmd.Flags()
	f.Uint64Var(&s.seed, "seed", 1, "`number` that decides everything; the first one with --seeds")
	f.Uint64Var(&s.seeds, "seeds", 1, "how `many` seeds to run, one after the other")
	f.StringVar(&s.profile, "profile", "chaos", "what may go wrong: a `name`, or all to take turns")
	f.StringSliceVar(&s.faults, "fault", nil, "these faults instead of the profile's choice, by `name`")
	f.IntVar(&s.nodes, "nodes", 0, "`validators`, 1 to 200; 0: 4 to 7, as the seed says")
	f.IntVar(&s.followers, "followers", 0, "`nodes` without stake that come late")
	f.Uint64Var(&s.heights, "heights", 0, "`blocks` to decide while things go wrong; 0: as the profile says")
	f.Uint64Var(&s.txEvery, "tx-every", 0, "mean `milliseconds` between two transfers, 0: none; without the flag as the seed says")
	f.IntVar(&s.jobs, "jobs", 1, "how many seeds run at once (one core each)")
	f.BoolVarP(&s.verbose, "verbose", "v", false, "tell what happens, line by line")
	f.BoolVar(&s.minimise, "minimise", false, "shrink a failing run to the least that fails")
	f.BoolVar(&s.list, "list", false, "list the profiles and faults")
	f.StringVar(&s.output, "output", "text", "`format`: text or json")
	s.changed = f.Changed
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return s.run(cmd) }
	return cmd
}

func (s *simulation) run(cmd *cobra.Command) error {
	w := cmd.OutOrStdout()
	switch {
	case s.output != "text" && s.output != "json":
		return fmt.Errorf("--output %q: text and json are known", s.output)
	case s.seeds == 0 || s.jobs < 1:
		return errors.New("--seeds and --jobs are at least 1")
	case s.nodes < 0 || s.nodes > 200 || s.followers < 0 || s.followers > 50:
		return errors.New("--nodes is at most 200 and --followers at most 50")
	case s.verbose && s.output == "json":
		return errors.New("--verbose and --output json exclude each other: the story is text")
	case s.list:
		return listFaults(w)
	}
	if s.profile != "all" {
		if _, err := faults.FindProfile(s.profile); err != nil {
			return err
		}
	}
	for _, name := range s.faults {
		if _, err := faults.Find(name); err != nil {
			return err
		}
	}
	debug.SetGCPercent(400) // worlds are small, and made by the thousand
	if s.seeds > 1 {
		return s.many(cmd)
	}
	return s.one(w, s.scenario(s.seed))
}

// scenario is the world of a seed, with what the flags say instead.
func (s *simulation) scenario(seed uint64) sim.Config {
	name := s.profile
	if all := faults.Profiles(); name == "all" {
		name = all[seed%uint64(len(all))].Name
	}
	p, _ := faults.FindProfile(name) // looked up before
	cfg := p.Scenario(seed)
	if s.nodes > 0 {
		cfg.Nodes, cfg.Weights = s.nodes, cfg.Weights[:min(len(cfg.Weights), s.nodes)]
	}
	if s.changed("followers") {
		cfg.Followers = s.followers
	}
	if s.heights > 0 {
		cfg.Heights = s.heights
		cfg.MaxEvents = max(cfg.MaxEvents, s.heights*uint64(cfg.Nodes*cfg.Nodes)*200)
	}
	if s.changed("tx-every") {
		cfg.TxEvery = s.txEvery
	}
	if len(s.faults) > 0 {
		cfg.Faults = nil
		for _, name := range s.faults {
			f, _ := faults.Find(name) // looked up before
			cfg.Faults = append(cfg.Faults, f)
		}
	}
	return cfg
}

func (s *simulation) one(w io.Writer, cfg sim.Config) error {
	if s.verbose {
		cfg.Log = func(line string) { _, _ = fmt.Fprintln(w, line) }
	}
	run := sim.Run
	var res sim.Result
	var err error
	if s.minimise {
		tries := 0
		cfg, res, err = faults.Minimise(cfg, func(c sim.Config) (sim.Result, error) {
			tries++
			if s.output == "text" {
				_, _ = fmt.Fprintf(w, "try %d: %d nodes, %d heights, faults: %s\n", tries, c.Nodes, c.Heights, strings.Join(names(c.Faults), " "))
			}
			c.Log = nil
			return run(c)
		})
	} else {
		res, err = run(cfg)
	}
	if err != nil {
		return err
	}
	if err := render(w, s.output, res, func(w io.Writer, r sim.Result) { showRun(w, cfg, r) }); err != nil {
		return err
	}
	if n := len(res.Violations); n > 0 {
		return fmt.Errorf("seed %d broke a promise; see it again: %s", res.Seed, again(cfg))
	}
	return nil
}

func names(fs []sim.Fault) (all []string) {
	for _, f := range fs {
		all = append(all, f.Name())
	}
	return all
}

// again is the command that runs the same world once more.
func again(cfg sim.Config) string {
	line := fmt.Sprintf("posnet sim --seed %d --profile %s --nodes %d --followers %d --heights %d --tx-every %d",
		cfg.Seed, cfg.Profile, cfg.Nodes, cfg.Followers, cfg.Heights, cfg.TxEvery)
	if len(cfg.Faults) > 0 {
		line += " --fault " + strings.Join(names(cfg.Faults), ",")
	}
	return line + " -v"
}

func showRun(w io.Writer, cfg sim.Config, r sim.Result) {
	row(w, "seed", r.Seed)
	row(w, "profile", r.Profile)
	row(w, "nodes", fmt.Sprintf("%d validators, %d followers", r.Nodes, cfg.Followers))
	row(w, "faults", cmp.Or(strings.Join(r.Faults, " "), "none"))
	row(w, "struck", cmp.Or(struck(r.Fired), "never"))
	row(w, "heights", fmt.Sprintf("%d, of which %d needed a later round", r.Heights, r.Rounds))
	row(w, "final", fmt.Sprintf("%d transactions, %d pieces of evidence", r.Transfers, r.Evidence))
	row(w, "happened", fmt.Sprintf("%d crashes, %d messages, %d events", r.Crashes, r.Messages, r.Events))
	row(w, "time", fmt.Sprintf("%.1f s simulated in %.2f s: %.0f heights a second, %.0f times real time",
		r.SimSeconds, r.WallSeconds, float64(r.Heights)/max(r.WallSeconds, 1e-9), r.SimSeconds/max(r.WallSeconds, 1e-9)))
	row(w, "trace", r.TraceHash)
	for _, v := range r.Violations {
		row(w, "BROKEN", v)
	}
	if len(r.Violations) == 0 {
		row(w, "promises", "all kept")
	}
}

func struck(fired map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(fired)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, fired[name]))
	}
	return strings.Join(parts, ", ")
}

func listFaults(w io.Writer) error {
	return render(w, "text", 0, func(w io.Writer, _ int) {
		row(w, "PROFILE", "WHAT MAY GO WRONG")
		for _, p := range faults.Profiles() {
			row(w, p.Name, p.About)
		}
		row(w)
		row(w, "FAULT", "GROUP", "WHAT HAPPENS")
		for _, f := range faults.All() {
			row(w, f.Name(), f.Group(), f.About())
		}
	})
}
