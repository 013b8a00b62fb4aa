package main

import (
	"cmp"
	"context"
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
	faultTime, faultLeast         uint64
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

Things go wrong as the profile says until every node has decided --heights blocks and --fault-least is over, or until
--fault-time is; then all but who is Byzantine heals, and the network must go on. At every step promises are checked: no two blocks at a height, no contradiction by an honest key,
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
	f.StringSliceVar(&s.faults, "fault", nil, "these faults instead of the profile's choice, by `name`; none: nothing goes wrong")
	f.IntVar(&s.nodes, "nodes", 0, "`validators`, 1 to 200; 0: 4 to 7, as the seed says")
	f.IntVar(&s.followers, "followers", 0, "`nodes` without stake that come late")
	f.Uint64Var(&s.heights, "heights", 0, "`blocks` to decide while things go wrong; 0: as the profile says")
	f.Uint64Var(&s.txEvery, "tx-every", 0, "mean `milliseconds` between two transfers, 0: none; without the flag as the seed says")
	f.Uint64Var(&s.faultTime, "fault-time", 0, "simulated `milliseconds` after which things go well again, 0: when all is decided; without the flag as the profile says")
	f.Uint64Var(&s.faultLeast, "fault-least", 0, "simulated `milliseconds` things go wrong at least; without the flag as the seed says")
	f.IntVar(&s.jobs, "jobs", 1, "how many seeds run at once (one core each)")
	f.BoolVarP(&s.verbose, "verbose", "v", false, "tell what happens, line by line")
	f.BoolVar(&s.minimise, "minimise", false, "shrink a failing run to the least that fails")
	f.BoolVar(&s.list, "list", false, "list the profiles and faults")
	f.StringVar(&s.output, "output", "text", "`format`: text or json")
	s.changed = f.Changed
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return s.run(cmd) }
	cmd.AddCommand(newSimMeasureCommand())
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
		return errors.New("--nodes is from 0 to 200 and --followers from 0 to 50")
	case s.verbose && s.output == "json":
		return errors.New("--verbose and --output json exclude each other: the story is text")
	case s.seeds > 1 && (s.verbose || s.minimise):
		return errors.New("--verbose and --minimise are for one world: give its --seed, without --seeds")
	case s.list:
		return listFaults(w, s.output)
	}
	if s.profile != "all" {
		if _, err := faults.FindProfile(s.profile); err != nil {
			return err
		}
	}
	for _, name := range s.chosen() {
		if _, err := faults.Find(name); err != nil {
			return err
		}
	}
	debug.SetGCPercent(400) // worlds are small, and made by the thousand
	if s.seeds > 1 {
		return s.many(cmd)
	}
	return s.one(cmd.Context(), w, s.scenario(s.seed))
}

// chosen are the faults that were asked for by name.
func (s *simulation) chosen() []string {
	if len(s.faults) == 1 && s.faults[0] == faults.NoFault {
		return nil
	}
	return s.faults
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
	if s.changed("fault-time") {
		cfg.FaultTime = s.faultTime
	}
	if s.changed("fault-least") {
		cfg.FaultLeast = s.faultLeast
	}
	if s.changed("tx-every") {
		cfg.TxEvery = s.txEvery
	}
	if len(s.faults) > 0 {
		cfg.Faults = nil
		for _, name := range s.chosen() {
			f, _ := faults.Find(name) // looked up before
			cfg.Faults = append(cfg.Faults, f)
		}
	}
	return cfg
}

func (s *simulation) one(ctx context.Context, w io.Writer, cfg sim.Config) error {
	cfg.Stopped = func() bool { return ctx.Err() != nil }
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
				_, _ = fmt.Fprintf(w, "try %d: %d validators, %d followers, %d heights, %d ms at least, a transfer every %d ms, faults: %s\n", tries,
					c.Nodes, c.Followers, c.Heights, c.FaultLeast, c.TxEvery, cmp.Or(strings.Join(names(c.Faults), " "), faults.NoFault))
			}
			c.Log = nil
			res, err := run(c)
			if err == nil && s.output == "text" {
				_, _ = fmt.Fprintf(w, "  %s\n", cmp.Or(strings.Join(res.Violations[:min(1, len(res.Violations))], ""), "keeps all promises"))
			}
			return res, err
		})
		if err == nil && len(res.Violations) == 0 && s.output == "text" {
			_, _ = fmt.Fprintf(w, "seed %d keeps all promises: there is nothing to minimise\n\n", cfg.Seed)
		}
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
		return fmt.Errorf("seed %d broke a promise; see it again: %s", res.Seed, faults.Again(cfg))
	}
	return nil
}

func names(fs []sim.Fault) (all []string) {
	for _, f := range fs {
		all = append(all, f.Name())
	}
	return all
}

func showRun(w io.Writer, cfg sim.Config, r sim.Result) {
	row(w, "seed", r.Seed)
	row(w, "profile", r.Profile)
	row(w, "nodes", fmt.Sprintf("%d validators, %d followers", r.Nodes, cfg.Followers))
	row(w, "faults", cmp.Or(strings.Join(r.Faults, " "), "none"))
	row(w, "struck", cmp.Or(struck(r.Fired), "nothing"))
	if idle := missed(r); idle != "" {
		row(w, "never", idle+" (had no chance before the faulty part ended; --fault-least makes it longer)")
	}
	row(w, "heights", fmt.Sprintf("%d, of which %d needed a later round", r.Heights, r.Rounds))
	if wanted := cfg.Heights + cfg.CalmHeights; r.Heights < wanted {
		row(w, "", fmt.Sprintf("%d were wanted: the faulty part ended after %.0f s", wanted, float64(cfg.FaultTime)/1000))
	}
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

// missed are the faults of a run that never struck.
func missed(r sim.Result) string {
	var idle []string
	for _, name := range r.Faults {
		if r.Fired[name] == 0 {
			idle = append(idle, name)
		}
	}
	return strings.Join(idle, " ")
}

// listed is what --list shows.
type listed struct {
	Profiles []listedItem `json:"profiles"`
	Faults   []listedItem `json:"faults"`
}

type listedItem struct {
	Name  string `json:"name"`
	Group string `json:"group,omitempty"`
	About string `json:"about"`
}

func listFaults(w io.Writer, output string) error {
	var all listed
	for _, p := range faults.Profiles() {
		all.Profiles = append(all.Profiles, listedItem{Name: p.Name, About: p.About})
	}
	for _, f := range faults.All() {
		all.Faults = append(all.Faults, listedItem{f.Name(), string(f.Group()), f.About()})
	}
	return render(w, output, all, func(w io.Writer, all listed) {
		row(w, "PROFILE", "WHAT MAY GO WRONG")
		for _, p := range all.Profiles {
			row(w, p.Name, p.About)
		}
		row(w)
		row(w, "FAULT", "GROUP", "WHAT HAPPENS")
		for _, f := range all.Faults {
			row(w, f.Name, f.Group, f.About)
		}
	})
}
