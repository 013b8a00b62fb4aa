package proc

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// record names one process for good: no other has the same id and beginning.
type record struct {
	PID   int    `json:"pid"`
	Exe   string `json:"exe"`
	Began uint64 `json:"began"`
}

const recordSuffix = ".pid"

// Remember writes the record of a running process into dir, so that [Clean]
// can end it if nobody else does.
func Remember(dir string, pid int, exe string) error {
	s, err := readStat(pid)
	if err != nil {
		return err
	}
	b, err := json.Marshal(record{PID: pid, Exe: exe, Began: s.began})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(pid)+recordSuffix), b, 0o600); err != nil {
		return fmt.Errorf("remember process %d: %w", pid, err)
	}
	return nil
}

// Forget removes the record of a process that has ended.
func Forget(dir string, pid int) error {
	err := os.Remove(filepath.Join(dir, strconv.Itoa(pid)+recordSuffix))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// Clean ends every process that dir remembers and that is still the one it was,
// and returns how many it ended. A dir that does not exist has none.
func Clean(dir string) (int, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*"+recordSuffix))
	if err != nil {
		return 0, err
	}
	ended := 0
	var errs []error
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		var r record
		if json.Unmarshal(b, &r) == nil && r.alive() { // a torn record names nobody
			if err := r.end(); err != nil {
				errs = append(errs, err)
				continue
			}
			ended++
		}
		if err := os.Remove(f); !errors.Is(err, os.ErrNotExist) { // who started it may be quicker
			errs = append(errs, err)
		}
	}
	return ended, errors.Join(errs...)
}

// alive tells whether the process still runs and is the one that was recorded.
func (r record) alive() bool {
	s, err := readStat(r.PID)
	if err != nil || s.state == 'Z' || s.began != r.Began {
		return false
	}
	exe, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(r.PID), "exe"))
	return err == nil && strings.TrimSuffix(exe, " (deleted)") == r.Exe // a new build replaced the file
}

// end asks the process to stop, and makes it.
func (r record) end() error {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if err := syscall.Kill(r.PID, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("end process %d (%s) of an earlier run: %w", r.PID, r.Exe, err)
		}
		for range 250 {
			if !r.alive() {
				return nil
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	return fmt.Errorf("process %d (%s) of an earlier run does not end: end it by hand", r.PID, r.Exe)
}
