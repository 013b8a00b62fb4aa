// Package cleanup ends a cluster and takes away all it has put on the machine, whatever state it was left in.
//
// It trusts no record of a run for what must not be missed: it looks at the machine (Scan), orders what it found into steps
// (Plan, which only computes), takes them (Do), and looks again. What is still there then is an error, never a silence.
//
// The order matters. Processes go first, the supervisor before the servers it would start again; with the last of them go the
// private mount namespace and the network namespace. Then the mounts that are seen from outside, the deepest first; only then
// may a directory be deleted, because deleting through a mount would delete what is mounted.
package cleanup

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/posnet/posnet/hack/localkube/internal/cgroup"
	"github.com/posnet/posnet/hack/localkube/internal/layout"
	"github.com/posnet/posnet/hack/localkube/internal/proc"
)

// Found is everything of a cluster that is on the machine.
type Found struct {
	Supervisor int      // process id, 0 if none
	Processes  []int    // all others
	Mounts     []string // seen from this mount namespace, in the order they were made
	Links      []string
	Groups     []string // control groups, children first
	Made       []string // empty directories made outside State and Run
	Dirs       []string // State and Run
}

// Nothing says that nothing is left.
func (f Found) Nothing() bool {
	return f.Supervisor == 0 && len(f.Processes)+len(f.Mounts)+len(f.Links)+len(f.Groups)+len(f.Made)+len(f.Dirs) == 0
}

// String lists what is there, for an error message.
func (f Found) String() string {
	var parts []string
	if f.Supervisor != 0 {
		parts = append(parts, fmt.Sprintf("supervisor (process %d)", f.Supervisor))
	}
	for _, pid := range f.Processes {
		parts = append(parts, fmt.Sprintf("process %d (%.60s)", pid, proc.Command(pid)))
	}
	for kind, names := range map[string][]string{"mount": f.Mounts, "link": f.Links, "control group": f.Groups, "directory": slices.Concat(f.Made, f.Dirs)} {
		for _, name := range names {
			parts = append(parts, kind+" "+name)
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// Scan looks for everything of the cluster l describes.
func Scan(l layout.Layout) (Found, error) {
	var f Found
	trees, err := cgroup.Detect()
	if err != nil {
		return f, err
	}
	pids := append(trees.Processes(layout.Cgroup), proc.StartedFrom(filepath.Join(l.State, "bin"))...)
	if record, err := proc.Load(l.Processes()); err == nil { // a damaged record is one more thing to clean, not a reason to stop
		if record.Supervisor.Alive() {
			f.Supervisor = record.Supervisor.PID
		}
		for _, s := range record.Servers {
			if s.Alive() {
				pids = append(pids, s.PID)
			}
		}
	}
	slices.Sort(pids)
	f.Processes = slices.DeleteFunc(slices.Compact(pids), func(pid int) bool { return pid == f.Supervisor || pid == os.Getpid() })

	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return f, fmt.Errorf("read the mounts of this process: %w", err)
	}
	f.Mounts = mountsUnder(string(mounts), l.State, l.Run)
	if _, err := os.Stat("/sys/class/net/" + layout.HostLink); err == nil {
		f.Links = []string{layout.HostLink}
	}
	f.Groups = trees.Groups(layout.Cgroup)
	f.Made = madeDirs(l)
	for _, dir := range []string{l.State, l.Run} {
		if _, err := os.Lstat(dir); err == nil {
			f.Dirs = append(f.Dirs, dir)
		}
	}
	return f, nil
}

// mountsUnder lists the mount points at or below any of dirs, in the order of mountinfo, which is the order they were made in.
func mountsUnder(mountinfo string, dirs ...string) []string {
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	var found []string
	for line := range strings.Lines(mountinfo) {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		point := unescape.Replace(fields[4])
		for _, dir := range dirs {
			if point == dir || strings.HasPrefix(point, dir+"/") {
				found = append(found, point)
			}
		}
	}
	return found
}

// madeFile is where MakeDirs writes down what it is about to make.
func madeFile(l layout.Layout) string { return filepath.Join(l.State, "made-directories") }

func madeDirs(l layout.Layout) []string {
	data, _ := os.ReadFile(madeFile(l))
	var dirs []string
	for _, dir := range strings.Fields(string(data)) {
		if _, err := os.Stat(dir); err == nil {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// MakeDirs makes those of dirs that the machine lacks: mount points for the cluster's own directories. They are written down
// first, so that a run killed in between leaves none behind.
func MakeDirs(l layout.Layout, dirs []string) error {
	var missing []string
	for _, dir := range dirs {
		if _, err := os.Stat(dir); err != nil {
			missing = append(missing, dir)
		}
	}
	if err := os.WriteFile(madeFile(l), []byte(strings.Join(missing, "\n")), 0o644); err != nil {
		return fmt.Errorf("note the directories to make: %w", err)
	}
	for _, dir := range missing {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make a mount point: %w", err)
		}
	}
	return nil
}
