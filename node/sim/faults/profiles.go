package faults

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/sim"
)

// Profile is a kind of world: what may go wrong in it.
type Profile struct {
	Name  string
	About string
	draw  func(r *rand.Rand) []*Fault
}

// Profiles lists all profiles.
func Profiles() []Profile {
	group := func(name Group, about string) Profile {
		return Profile{string(name), about, func(r *rand.Rand) []*Fault { return drawn(r, byGroup(name), 4) }}
	}
	return []Profile{
		{"calm", "nothing goes wrong", func(*rand.Rand) []*Fault { return nil }},
		{"idle", "nothing goes wrong and nobody sends anything", func(*rand.Rand) []*Fault { return nil }},
		group(Network, "messages are lost, late, doubled, damaged; links and halves fail"),
		group(Clocks, "clocks are off, jump, stand still; processes are paused"),
		group(Disks, "crashes at every operation, torn and lost writes, errors, full and slow disks"),
		group(Pods, "pods move, restart, are away for long, come back with old volumes or twice"),
		group(Stake, "stake moves and validators join while other things go wrong"),
		group(Peers, "nodes that catch up are lied to"),
		group(Byzantine, "less than a third of the stake does whatever harms"),
		{"chaos", "anything, together", func(r *rand.Rand) []*Fault { return drawn(r, All(), 7) }},
	}
}

// FindProfile gives the profile of a name.
func FindProfile(name string) (Profile, error) {
	var names []string
	for _, p := range Profiles() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Profile{}, fmt.Errorf("there is no profile %q; there are %s", name, strings.Join(names, ", "))
}

func byGroup(g Group) []*Fault {
	return slices.DeleteFunc(All(), func(f *Fault) bool { return f.group != g })
}

// drawn are 1 to most different faults.
func drawn(r *rand.Rand, from []*Fault, most int) (out []*Fault) {
	if len(from) == 0 {
		return nil
	}
	n := 1 + r.IntN(min(most, len(from)))
	for _, i := range r.Perm(len(from))[:n] {
		out = append(out, from[i])
	}
	return out
}

// source is the random source of one choice, so that a choice made by hand leaves the others as they were.
func source(seed uint64, what string) *rand.Rand {
	sum := sha256.Sum256([]byte("scenario " + what))
	return rand.New(rand.NewPCG(seed, binary.BigEndian.Uint64(sum[:])))
}

// Scenario is the world that a seed makes of a profile. Everything in it may be changed before it runs.
func (p Profile) Scenario(seed uint64) sim.Config {
	cfg := sim.Config{
		Seed: seed, Profile: p.Name,
		Nodes:   4 + source(seed, "nodes").IntN(4),
		Heights: 30, FaultTime: 120_000, CalmHeights: 5, MaxEvents: 4_000_000,
		TxEvery: sim.Between(source(seed, "load"), 20, 400),
	}
	params := chain.DefaultParams()
	params.MinFee = source(seed, "fee").Uint64N(2) * 1000
	params.BlockReward = source(seed, "reward").Uint64N(2) * 7
	params.MaxIdle = sim.Between(source(seed, "idle"), 1000, 10_000)
	params.MaxTxs = []uint64{2, 20, 5000}[source(seed, "block").IntN(3)]
	cfg.Params = &params
	if source(seed, "late").IntN(3) == 0 {
		cfg.Followers = 1
	}
	if r := source(seed, "span"); r.IntN(4) == 0 { // few transfers, and time for what takes time
		cfg.FaultLeast, cfg.TxEvery = sim.Between(r, 15_000, 60_000), sim.Between(r, 300, 2000)
	}
	if r := source(seed, "weights"); r.IntN(3) == 0 { // one may be twenty times another, none has a third
		for range cfg.Nodes {
			cfg.Weights = append(cfg.Weights, sim.Between(r, 50_000, 1_000_000))
		}
		level(cfg.Weights)
	}
	for _, f := range p.draw(source(seed, "faults")) {
		cfg.Faults = append(cfg.Faults, f)
	}
	switch p.Name {
	case "idle":
		cfg.TxEvery, params.MaxIdle, cfg.Heights, cfg.FaultTime, cfg.FaultLeast = 0, 60_000, 60, 0, 0
	case "calm":
		cfg.Heights, cfg.FaultTime, cfg.FaultLeast = 200, 0, 0
	}
	return cfg
}

// level takes from the heaviest until nobody has a third.
func level(weights []uint64) {
	for {
		total, top := uint64(0), 0
		for i, w := range weights {
			total += w
			if w > weights[top] {
				top = i
			}
		}
		if 3*weights[top] < total {
			return
		}
		weights[top] = (total - weights[top]) * 2 / 5
	}
}
