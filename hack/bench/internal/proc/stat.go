package proc

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// ticksPerSecond is the unit of times in /proc/PID/stat: USER_HZ, which is 100
// on every architecture Go runs on.
const ticksPerSecond = 100

// stat is what is used of /proc/PID/stat, see proc_pid_stat(5).
type stat struct {
	state  byte    // R, S, D, Z, …
	parent int     // process id
	cpu    float64 // seconds of processor time, its own
	began  uint64  // ticks after boot; with the id it names one process for good
	rss    uint64  // resident pages
}

func readStat(pid int) (stat, error) {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return stat{}, fmt.Errorf("read what process %d takes: %w", pid, err)
	}
	return parseStat(b)
}

// parseStat reads the fields after the program's name, which is in parentheses
// and may itself hold any.
func parseStat(b []byte) (stat, error) {
	end := bytes.LastIndexByte(b, ')')
	if end < 0 {
		return stat{}, fmt.Errorf("no program name in %q", b)
	}
	f := bytes.Fields(b[end+1:])
	if len(f) < 22 || len(f[0]) != 1 {
		return stat{}, fmt.Errorf("%d fields after the program name in %q, want at least 22", len(f), b)
	}
	s := stat{state: f[0][0]}
	var ticks [2]uint64
	var err error
	for _, field := range []struct {
		at int // its number in the manual, less the three up to here
		to *uint64
	}{{14 - 3, &ticks[0]}, {15 - 3, &ticks[1]}, {22 - 3, &s.began}, {24 - 3, &s.rss}} {
		if *field.to, err = strconv.ParseUint(string(f[field.at]), 10, 64); err != nil {
			return stat{}, fmt.Errorf("field %d of %q: %w", field.at+3, b, err)
		}
	}
	if s.parent, err = strconv.Atoi(string(f[1])); err != nil {
		return stat{}, fmt.Errorf("parent in %q: %w", b, err)
	}
	s.cpu = float64(ticks[0]+ticks[1]) / ticksPerSecond
	return s, nil
}

// Children lists the processes that pid started and that still run.
func Children(pid int) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var out []int
	for _, e := range entries {
		child, err := strconv.Atoi(e.Name())
		if err != nil {
			continue // not a process
		}
		if s, err := readStat(child); err == nil && s.parent == pid && s.state != 'Z' {
			out = append(out, child)
		}
	}
	return out, nil
}
