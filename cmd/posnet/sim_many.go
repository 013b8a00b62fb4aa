package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/faults"
)

// campaign is what many seeds came to.
type campaign struct {
	First       uint64         `json:"firstSeed"`
	Seeds       uint64         `json:"seeds"` // that ran
	Profile     string         `json:"profile"`
	Heights     uint64         `json:"heights"`
	Transfers   uint64         `json:"transfers"`
	Crashes     int            `json:"crashes"`
	Events      uint64         `json:"events"`
	Evidence    int            `json:"evidence"`
	SimSeconds  float64        `json:"simSeconds"`
	WallSeconds float64        `json:"wallSeconds"`
	Fired       map[string]int `json:"fired"` // strokes, by fault
	RunsWith    map[string]int `json:"runs"`  // runs in which it struck, by fault
	Drawn       map[string]int `json:"drawn"` // runs that had it, by fault
	Quiet       int            `json:"quiet"` // runs with faults of which none struck
	Failed      []failedSeed   `json:"failed"`
}

type failedSeed struct {
	Seed       uint64   `json:"seed"`
	Profile    string   `json:"profile"`
	Violations []string `json:"violations"`
	Again      string   `json:"again"`
}

// maxFailed is how many broken seeds end a campaign: more say nothing new.
const maxFailed = 20

// many runs seed after seed.
func (s *simulation) many(cmd *cobra.Command) error {
	began := time.Now()
	c := &campaign{First: s.seed, Profile: s.profile, Fired: map[string]int{}, RunsWith: map[string]int{}, Drawn: map[string]int{}, Failed: []failedSeed{}}
	err := s.runAll(cmd.Context(), c, cmd.ErrOrStderr())
	c.WallSeconds = time.Since(began).Seconds()
	if out := render(cmd.OutOrStdout(), s.output, c, showCampaign); out != nil {
		return out
	}
	switch {
	case err != nil:
		return err
	case len(c.Failed) > 0:
		return fmt.Errorf("%d of %d seeds broke a promise", len(c.Failed), c.Seeds)
	case cmd.Context().Err() != nil:
		return fmt.Errorf("stopped after %d of %d seeds", c.Seeds, s.seeds)
	}
	return nil
}

func (s *simulation) runAll(ctx context.Context, c *campaign, progress io.Writer) (failure error) {
	next, told := s.seed, time.Now()
	var mu sync.Mutex
	var workers sync.WaitGroup
	work := func() {
		for {
			mu.Lock()
			seed := next
			stop := seed >= s.seed+s.seeds || ctx.Err() != nil || failure != nil || len(c.Failed) >= maxFailed
			next++
			mu.Unlock()
			if stop {
				return
			}
			cfg := s.scenario(seed)
			cfg.Stopped = func() bool { return ctx.Err() != nil }
			res, err := sim.Run(cfg)
			mu.Lock()
			if errors.Is(err, sim.ErrStopped) {
				mu.Unlock()
				return
			}
			if err != nil {
				failure = fmt.Errorf("seed %d: %w", seed, err)
			} else {
				c.add(cfg, res)
			}
			if len(res.Violations) > 0 { // at once: a night's run may be looked at in the evening
				_, _ = fmt.Fprintf(progress, "seed %d: %s\n  %s\n", seed, res.Violations[0], faults.Again(cfg))
			}
			if time.Since(told) > 5*time.Second {
				told = time.Now()
				_, _ = fmt.Fprintf(progress, "%d of %d seeds, %d heights, %d broken\n", c.Seeds, s.seeds, c.Heights, len(c.Failed))
			}
			mu.Unlock()
		}
	}
	for range s.jobs {
		workers.Go(work)
	}
	workers.Wait()
	return failure
}

func (c *campaign) add(cfg sim.Config, r sim.Result) {
	c.Seeds++
	c.Heights += r.Heights
	c.Transfers += r.Transfers
	c.Crashes += r.Crashes
	c.Events += r.Events
	c.Evidence += r.Evidence
	c.SimSeconds += r.SimSeconds
	for name, n := range r.Fired {
		c.Fired[name] += n
		c.RunsWith[name]++
	}
	for _, name := range r.Faults {
		c.Drawn[name]++
	}
	if len(r.Faults) > 0 && len(r.Fired) == 0 {
		c.Quiet++
	}
	if len(r.Violations) > 0 {
		c.Failed = append(c.Failed, failedSeed{r.Seed, r.Profile, r.Violations, faults.Again(cfg)})
	}
}

func showCampaign(w io.Writer, c *campaign) {
	row(w, "FAULT", "GROUP", "DRAWN", "STRUCK IN", "STROKES")
	drawn, never := 0, []string{}
	for _, f := range faults.All() {
		name := f.Name()
		if c.Drawn[name] == 0 {
			continue
		}
		row(w, name, f.Group(), c.Drawn[name], c.RunsWith[name], c.Fired[name])
		if drawn++; c.RunsWith[name] == 0 {
			never = append(never, name)
		}
	}
	row(w)
	row(w, "profile", c.Profile)
	row(w, "seeds", fmt.Sprintf("%d from %d", c.Seeds, c.First))
	row(w, "faults", fmt.Sprintf("%d of %d were drawn, %d of these never struck%s; %d worlds had faults and none struck", drawn, len(faults.All()),
		len(never), strings.Join(append([]string{""}, never...), " "), c.Quiet))
	row(w, "heights", c.Heights)
	row(w, "final", fmt.Sprintf("%d transactions, %d pieces of evidence", c.Transfers, c.Evidence))
	row(w, "happened", fmt.Sprintf("%d crashes, %d events", c.Crashes, c.Events))
	row(w, "time", fmt.Sprintf("%.0f s simulated in %.0f s", c.SimSeconds, c.WallSeconds))
	for _, f := range c.Failed {
		row(w, "BROKEN", fmt.Sprintf("seed %d (%s): %s", f.Seed, f.Profile, f.Violations[0]))
		row(w, "", f.Again)
	}
	if len(c.Failed) == 0 {
		row(w, "promises", "all kept")
	}
}
