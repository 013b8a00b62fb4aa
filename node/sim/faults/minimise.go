package faults

import (
	"fmt"
	"slices"
	"strings"

	"github.com/posnet/posnet/node/sim"
)

// Again is the command that runs the world of a scenario once more, with all that was changed since it was drawn.
func Again(cfg sim.Config) string {
	line := fmt.Sprintf("posnet sim --seed %d --profile %s --nodes %d --followers %d --heights %d --tx-every %d --fault-time %d --fault-least %d",
		cfg.Seed, cfg.Profile, cfg.Nodes, cfg.Followers, cfg.Heights, cfg.TxEvery, cfg.FaultTime, cfg.FaultLeast)
	names := NoFault
	for i, f := range cfg.Faults {
		if names += "," + f.Name(); i == 0 {
			names = f.Name()
		}
	}
	return line + " --fault " + names + " -v"
}

// NoFault stands for an empty list of faults.
const NoFault = "none"

// Minimise shrinks a scenario that breaks a promise: to fewer faults, nodes, heights and transfers, as long as the same
// promise breaks. run is told of every try; it may be [sim.Run]. What it returns is the smallest that was found, and its
// result.
func Minimise(cfg sim.Config, run func(sim.Config) (sim.Result, error)) (sim.Config, sim.Result, error) {
	best, err := run(cfg)
	if err != nil || len(best.Violations) == 0 {
		return cfg, best, err
	}
	kind := promise(best.Violations[0])
	try := func(change func(*sim.Config)) (bool, error) {
		next := cfg
		next.Faults = slices.Clone(cfg.Faults)
		change(&next)
		res, err := run(next)
		if err != nil || len(res.Violations) == 0 || promise(res.Violations[0]) != kind {
			return false, err
		}
		cfg, best = next, res
		return true, nil
	}
	for again := true; again; {
		again = false
		var steps []func(*sim.Config)
		for _, f := range cfg.Faults {
			steps = append(steps, func(c *sim.Config) {
				c.Faults = slices.DeleteFunc(c.Faults, func(g sim.Fault) bool { return g == f })
			})
		}
		if cfg.Followers > 0 {
			steps = append(steps, func(c *sim.Config) { c.Followers-- })
		}
		if cfg.Nodes > 1 {
			steps = append(steps, func(c *sim.Config) { c.Nodes--; c.Weights = c.Weights[:min(len(c.Weights), c.Nodes)] })
		}
		if cfg.FaultLeast > 0 {
			steps = append(steps, func(c *sim.Config) { c.FaultLeast = 0 }, func(c *sim.Config) { c.FaultLeast /= 2 })
		}
		if cfg.Heights > 1 {
			steps = append(steps, func(c *sim.Config) { c.Heights /= 2 })
		}
		if cfg.TxEvery > 0 {
			steps = append(steps, func(c *sim.Config) { c.TxEvery = 0 })
		}
		for _, step := range steps {
			smaller, err := try(step)
			if err != nil {
				return cfg, best, err
			}
			again = again || smaller
		}
	}
	return cfg, best, nil
}

// promise is which promise a violation is about: the word before its colon.
func promise(violation string) string {
	word, _, found := strings.Cut(violation, ":")
	if !found || strings.Contains(word, " ") {
		return "node" // what one node did, which the numbers in the text tell apart
	}
	return word
}
