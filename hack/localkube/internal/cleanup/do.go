package cleanup

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/posnet/posnet/hack/localkube/internal/cgroup"
	"github.com/posnet/posnet/hack/localkube/internal/layout"
)

// patience is how long processes may take to vanish after SIGKILL.
const patience = 15 * time.Second

// ErrLeftovers says that something of the cluster could not be taken away.
var ErrLeftovers = errors.New("not everything of the cluster could be removed")

// All removes the cluster l describes and reports what it found. An error names what is left.
func All(l layout.Layout) (Found, error) {
	first, err := Scan(l)
	if err != nil {
		return first, err
	}
	// Processes start others while they are being ended, and mounts are seen only when the namespace that held them is gone, so
	// ending is repeated until none is left, before anything else is touched.
	now := first
	for deadline := time.Now().Add(patience); now.Supervisor != 0 || len(now.Processes) > 0; {
		if time.Now().After(deadline) {
			return first, fmt.Errorf("%w: %s will not end; look for a hung disk, then run localkube down again", ErrLeftovers, now)
		}
		for _, step := range Plan(Found{Supervisor: now.Supervisor, Processes: now.Processes}) {
			_ = do(step) // it may have ended by itself
		}
		time.Sleep(20 * time.Millisecond)
		if now, err = Scan(l); err != nil {
			return first, err
		}
	}
	for _, step := range Plan(now) {
		if err := do(step); err != nil {
			return first, fmt.Errorf("%w: %w", ErrLeftovers, err)
		}
	}
	last, err := Scan(l)
	if err != nil {
		return first, err
	}
	if !last.Nothing() {
		return first, fmt.Errorf("%w: %s", ErrLeftovers, last)
	}
	return first, nil
}

func do(s Step) error {
	switch s.Kind {
	case End:
		return syscall.Kill(s.PID, syscall.SIGKILL)
	case Unmount:
		if err := syscall.Unmount(s.Target, syscall.MNT_DETACH); err != nil && !errors.Is(err, syscall.EINVAL) {
			return fmt.Errorf("unmount %s: %w", s.Target, err)
		}
		return nil
	case Unlink:
		out, err := exec.Command("ip", "link", "delete", s.Target).CombinedOutput()
		if err != nil && !strings.Contains(string(out), "Cannot find device") { // it goes with its namespace
			return fmt.Errorf("delete the network link %s: %s: %w", s.Target, strings.TrimSpace(string(out)), err)
		}
		return nil
	case Ungroup:
		return cgroup.Remove(s.Target)
	case Rmdir:
		if err := os.Remove(s.Target); err != nil && !errors.Is(err, syscall.ENOTEMPTY) && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove the mount point %s: %w", s.Target, err)
		}
		return nil
	case Delete:
		return deleteTree(s.Target)
	}
	return fmt.Errorf("step of unknown kind %q", s.Kind)
}

// deleteTree deletes a directory, unless something is mounted in it: that may be anything.
func deleteTree(dir string) error {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return fmt.Errorf("read the mounts of this process: %w", err)
	}
	if under := mountsUnder(string(mounts), dir); len(under) > 0 {
		return fmt.Errorf("%s is still mounted, so %s is not deleted: unmount it and run localkube down again", under[0], dir)
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("delete %s: %w", dir, err)
	}
	return nil
}
