package cleanup

import "slices"

// Kind is what a step does to its target.
type Kind string

// The kinds of step, in the order they are taken.
const (
	End     Kind = "end"     // a process, with SIGKILL: the cluster keeps nothing that a gentle end would save
	Unmount Kind = "unmount" // a mount point
	Unlink  Kind = "unlink"  // a network link, and with it its addresses, its routes and its other end
	Ungroup Kind = "ungroup" // a control group
	Rmdir   Kind = "rmdir"   // a directory, only if empty
	Delete  Kind = "delete"  // a directory and all in it
)

// Step is one thing to do.
type Step struct {
	Kind   Kind
	PID    int    // of End
	Target string // of all others
}

// Plan orders what was found into steps. It only computes.
func Plan(f Found) []Step {
	var steps []Step
	if f.Supervisor != 0 {
		steps = append(steps, Step{Kind: End, PID: f.Supervisor})
	}
	for _, pid := range f.Processes {
		steps = append(steps, Step{Kind: End, PID: pid})
	}
	add := func(kind Kind, targets []string) {
		for _, t := range targets {
			steps = append(steps, Step{Kind: kind, Target: t})
		}
	}
	mounts := slices.Clone(f.Mounts)
	slices.Reverse(mounts) // what was mounted last lies on top
	add(Unmount, mounts)
	add(Unlink, f.Links)
	add(Ungroup, f.Groups)
	add(Rmdir, f.Made)
	add(Delete, f.Dirs)
	return steps
}
