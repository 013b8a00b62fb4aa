package faults

import (
	"fmt"
	"slices"
	"strings"
)

// All lists every fault, by group.
func All() []*Fault {
	return slices.Concat(network, clocks, pods, stakes, disks, peers, byzantine)
}

// Find gives the fault of a name.
func Find(name string) (*Fault, error) {
	for _, f := range All() {
		if f.name == name {
			return f, nil
		}
	}
	var near []string
	for _, f := range All() {
		if strings.Contains(f.name, name) || strings.Contains(name, f.name) {
			near = append(near, f.name)
		}
	}
	if len(near) > 0 {
		return nil, fmt.Errorf("there is no fault %q; do you mean %s?", name, strings.Join(near, " or "))
	}
	return nil, fmt.Errorf("there is no fault %q; posnet sim --list names them", name)
}
