// Package proc identifies processes so that none is mistaken for another.
//
// A process id is reused. A process id with the time the process started (in clock ticks since the machine did) is not, so a
// record of both, left by a run long dead, can never point at a stranger.
package proc

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ID names one process for as long as the machine runs.
type ID struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // clock ticks after boot
}

// Of returns the identity of the process that has this pid now.
func Of(pid int) (ID, error) {
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return ID{}, fmt.Errorf("look at process %d: %w", pid, err)
	}
	_, start, err := parseStat(string(data))
	return ID{PID: pid, Start: start}, err
}

// Alive says whether this very process still runs; a zombie does not.
func (id ID) Alive() bool {
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(id.PID), "stat"))
	if err != nil {
		return false
	}
	state, start, err := parseStat(string(data))
	return err == nil && start == id.Start && state != "Z" && state != "X"
}

// parseStat reads the state and the start time of /proc/PID/stat. The name in it may hold anything, spaces and brackets too.
func parseStat(stat string) (state string, start uint64, err error) {
	end := strings.LastIndexByte(stat, ')')
	fields := strings.Fields(stat[end+1:])
	if end < 0 || len(fields) < 20 {
		return "", 0, fmt.Errorf("the kernel's process record %q is not in the known form", stat)
	}
	start, err = strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return "", 0, fmt.Errorf("read the start time in %q: %w", stat, err)
	}
	return fields[0], start, nil
}

// Memory is the memory of a process in bytes, 0 if it is gone. A page that n processes share counts for an nth in each: the
// servers are one program, and its code would else be counted eight times.
func Memory(pid int) int64 {
	data, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "smaps_rollup"))
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0
}

// Command is the command line of a process, its arguments parted by blanks; empty if it is gone or of the kernel.
func Command(pid int) string {
	data, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	return strings.TrimSpace(strings.ReplaceAll(string(data), "\x00", " "))
}

// StartedFrom lists the processes whose program was named by a path in dir.
func StartedFrom(dir string) []int {
	var pids []int
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && strings.HasPrefix(Command(pid), dir+"/") {
			pids = append(pids, pid)
		}
	}
	return pids
}
