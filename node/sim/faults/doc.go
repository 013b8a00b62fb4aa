// Package faults is what goes wrong in a simulated network, one thing a file. Each fault has a name, strikes by its own
// random choices alone, and counts its strokes, so that a run that claims to survive it can be seen to have met it.
//
// A fault never asks for more than the promises allow: whatever it does to messages, disks, clocks and processes, honest
// nodes must stay safe; and what it makes Byzantine holds less than a third of the stake together with all others
// ([sim.Node.Corrupt]).
package faults
