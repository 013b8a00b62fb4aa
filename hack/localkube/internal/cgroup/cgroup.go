// Package cgroup keeps the cluster's processes in control groups of their own, so that all of them can be found and ended.
//
// A process cannot leave its cgroup by forking, by losing its parent or by changing its name. That makes the group the one record
// of a killed run that cannot be lost or wrong: whatever is in it, and nothing else, is the cluster's.
//
// Three ways of mounting cgroups are met: v2 alone (current distributions), v1 (one tree a controller), and v1 with a v2 tree
// beside it for tracking ("hybrid"). On v1 the kubelet needs its root group in every controller's tree; the servers are put in
// one tree only, so that no limit and no account of the session that started them changes.
package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Tree is one mounted hierarchy.
type Tree struct {
	Path        string
	V2          bool
	Controllers []string // of a v1 tree: "cpu", "pids", "name=systemd"
}

// Trees is every hierarchy of the machine.
type Trees []Tree

// ErrNone says that no cgroup hierarchy is mounted.
var ErrNone = errors.New("no cgroup hierarchy is mounted: mount one at /sys/fs/cgroup (in a container: start it privileged)")

// Parse reads the hierarchies out of the text of /proc/self/mountinfo.
func Parse(mountinfo string) (Trees, error) {
	var trees Trees
	for line := range strings.Lines(mountinfo) {
		// 36 35 98:0 /root /mount/point rw - cgroup source rw,pids
		before, after, ok := strings.Cut(line, " - ")
		fields, tail := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(tail) < 3 {
			continue
		}
		switch tail[0] {
		case "cgroup2":
			trees = append(trees, Tree{Path: fields[4], V2: true})
		case "cgroup":
			controllers := slices.DeleteFunc(strings.Split(tail[2], ","), func(o string) bool {
				return o == "rw" || o == "ro" || o == "xattr" || o == "clone_children" || strings.HasPrefix(o, "release_agent=")
			})
			trees = append(trees, Tree{Path: fields[4], Controllers: controllers})
		}
	}
	if len(trees) == 0 {
		return nil, ErrNone
	}
	return trees, nil
}

// Detect reads the hierarchies of this machine.
func Detect() (Trees, error) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("read the mounts of this process: %w", err)
	}
	return Parse(string(data))
}

// Mode is "v2", "v1" or "hybrid".
func (ts Trees) Mode() string {
	v2 := slices.ContainsFunc(ts, func(t Tree) bool { return t.V2 })
	v1 := slices.ContainsFunc(ts, func(t Tree) bool { return !t.V2 })
	switch {
	case v1 && v2:
		return "hybrid"
	case v2:
		return "v2"
	}
	return "v1"
}

// Tracking is the tree whose groups say which process is the cluster's: one into which the runtime puts every container.
func (ts Trees) Tracking() Tree {
	for _, controller := range []string{"pids", "freezer", "devices", "cpu"} {
		for _, t := range ts {
			if slices.Contains(t.Controllers, controller) {
				return t
			}
		}
	}
	return ts[0]
}

// Create makes group in every tree that the kubelet will use and children in the tracking tree.
func (ts Trees) Create(group string, children ...string) error {
	for _, t := range ts {
		if t.V2 && ts.Mode() == "hybrid" {
			continue
		}
		dir := filepath.Join(t.Path, group)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make the control group %s (in a container: start it privileged): %w", dir, err)
		}
		if t.V2 {
			if err := delegate(t.Path, dir); err != nil {
				return err
			}
		}
		if slices.Contains(t.Controllers, "cpuset") {
			if err := inheritCPUs(t.Path, dir); err != nil {
				return err
			}
		}
	}
	for _, child := range children {
		if err := os.MkdirAll(filepath.Join(ts.Tracking().Path, child), 0o755); err != nil {
			return fmt.Errorf("make the control group %s: %w", child, err)
		}
	}
	return nil
}

// delegate lets the children of root, and of dir, have what controllers root has.
func delegate(root, dir string) error {
	data, err := os.ReadFile(filepath.Join(root, "cgroup.controllers"))
	if err != nil {
		return fmt.Errorf("read the controllers of %s: %w", root, err)
	}
	for _, controller := range strings.Fields(string(data)) {
		for _, d := range []string{root, dir} {
			err := os.WriteFile(filepath.Join(d, "cgroup.subtree_control"), []byte("+"+controller), 0o644)
			if errors.Is(err, unix.EBUSY) {
				return fmt.Errorf("control group %s holds processes, so it cannot hand controller %s down: run on the machine itself, or start the container with --cgroupns=host", d, controller)
			}
			// Some controllers (rdma, cpu with real-time tasks) cannot be handed down; the kubelet says if it misses one.
		}
	}
	return nil
}

// inheritCPUs fills a new v1 cpuset, which starts empty and would take no process.
func inheritCPUs(root, dir string) error {
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		data, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			return fmt.Errorf("read %s of %s: %w", file, root, err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), data, 0o644); err != nil {
			return fmt.Errorf("set %s of %s: %w", file, dir, err)
		}
	}
	return nil
}

// Add moves a process, and all it will start, into a group of the tracking tree.
func (ts Trees) Add(group string, pid int) error {
	file := filepath.Join(ts.Tracking().Path, group, "cgroup.procs")
	if err := os.WriteFile(file, []byte(strconv.Itoa(pid)), 0o644); err != nil {
		return fmt.Errorf("move process %d into control group %s: %w", pid, group, err)
	}
	return nil
}

// Processes lists the processes in group and below it, in the tracking tree, in order.
func (ts Trees) Processes(group string) []int {
	var pids []int
	for _, dir := range below(filepath.Join(ts.Tracking().Path, group)) {
		data, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		if err != nil {
			continue // removed since it was listed
		}
		for _, field := range strings.Fields(string(data)) {
			if pid, err := strconv.Atoi(field); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	slices.Sort(pids)
	return slices.Compact(pids)
}

// Groups lists the directories of group in every tree, children before their parents.
func (ts Trees) Groups(group string) []string {
	var dirs []string
	for _, t := range ts {
		found := below(filepath.Join(t.Path, group))
		slices.Reverse(found)
		dirs = append(dirs, found...)
	}
	return dirs
}

// Remove removes one group directory, waiting for the kernel to let go of processes that have just ended.
func Remove(dir string) error {
	deadline := time.Now().Add(5 * time.Second)
	for {
		err := unix.Rmdir(dir)
		if err == nil || errors.Is(err, unix.ENOENT) {
			return nil
		}
		if !errors.Is(err, unix.EBUSY) || time.Now().After(deadline) {
			return fmt.Errorf("remove the control group %s: %w", dir, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// below lists dir and the directories in it, parents first; none if dir is not there.
func below(dir string) []string {
	var dirs []string
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			dirs = append(dirs, path)
		}
		return nil // what vanishes while walking is not there
	})
	return dirs
}
