package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/sim"
)

// Group is what a fault befalls.
type Group string

// The groups of faults.
const (
	Network   Group = "network"
	Clocks    Group = "clocks"
	Disks     Group = "disks"
	Pods      Group = "pods"
	Stake     Group = "stake"
	Byzantine Group = "byzantine"
	Peers     Group = "peers" // of a node that catches up
)

// Fault is one thing that goes wrong. It holds no state: a run's is made by Plan.
type Fault struct {
	name  string
	group Group
	about string
	plan  func(f *Fault, w *sim.World, r *rand.Rand)
}

var _ sim.Fault = (*Fault)(nil)

// define makes a fault; about says what happens, for the table of faults.
func define(name string, group Group, about string, plan func(f *Fault, w *sim.World, r *rand.Rand)) *Fault {
	return &Fault{name, group, about, plan}
}

// Name implements [sim.Fault].
func (f *Fault) Name() string { return f.name }

// Group is what the fault befalls.
func (f *Fault) Group() Group { return f.group }

// About says what happens.
func (f *Fault) About() string { return f.about }

// Plan implements [sim.Fault].
func (f *Fault) Plan(w *sim.World, r *rand.Rand) { f.plan(f, w, r) }

// pick is one of the nodes that run.
func pick(r *rand.Rand, nodes []*sim.Node) *sim.Node {
	up := make([]*sim.Node, 0, len(nodes))
	for _, n := range nodes {
		if n.Up() {
			up = append(up, n)
		}
	}
	if len(up) == 0 {
		return nil
	}
	return up[r.IntN(len(up))]
}
