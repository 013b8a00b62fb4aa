package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/posnet/posnet/node/chain"
)

// smallDisk is where small disks are mounted: this, the process id of the test,
// and something random.
const smallDisk = "posnet-small-disk-"

// TestProcessOnAFullDiskWaitsAndGoesOnByItself gives one of four processes a
// real small disk and fills it. The node must say so, once in its log and in its
// status, stay alive and sign nothing; the others go on; and as soon as there is
// room it catches up, without a restart.
func TestProcessOnAFullDiskWaitsAndGoesOnByItself(t *testing.T) {
	if testing.Short() {
		t.Skip("fills a real disk: run make process-test as root")
	}
	dir := filepath.Join(t.TempDir(), "net")
	disk := mountSmallDisk(t, filepath.Join(dir, "n3"))
	n := newProcessNet(t, dir, 4)
	for _, p := range n.nodes {
		n.above(p, 2, patience)
	}
	small, others := n.nodes[3], n.nodes[:3]
	pay := &payments{net: n, final: map[chain.Hash]uint64{}}
	ctx, cancel := context.WithTimeout(t.Context(), 4*patience)
	defer cancel()
	send := func(k int) {
		t.Helper()
		for i := range k {
			if err := pay.send(ctx, i%3); err != nil {
				t.Fatal(err)
			}
		}
	}
	send(3)

	free := fill(t, disk)
	send(2)
	n.until(patience, "the node says that its disk is full", func(ctx context.Context) error {
		s, err := small.client.Node(ctx)
		if err != nil {
			return err
		}
		if s.Reason != "DiskFull" || s.Message == "" {
			return fmt.Errorf("its state is %s for %q", s.State, s.Reason)
		}
		return nil
	})
	at := small.height(ctx)
	send(3)
	for _, p := range others {
		n.above(p, at+3, patience)
	}
	n.until(patience, "readiness says that the node is behind", func(context.Context) error {
		if status, body := small.private("/readyz"); status < 500 || !strings.Contains(body, "CatchingUp") {
			return fmt.Errorf("%d %s", status, body)
		}
		return nil
	})
	if status, body := small.private("/healthz"); status != 200 {
		t.Errorf("liveness of a node that waits for room: %d %s", status, body)
	}
	if _, body := small.private("/metrics"); !strings.Contains(body, "posnet_validator_signing 0") {
		t.Error("its metrics say that it signs")
	}
	if now := small.height(ctx); now != at {
		t.Errorf("without room it went from height %d to %d", at, now)
	}
	if said := strings.Count(small.log.String(), "the disk is full: the node waits for room"); said != 1 {
		t.Errorf("it says %d times that the disk is full, want once", said)
	}

	free()
	top := uint64(0)
	for _, p := range others {
		top = max(top, p.height(ctx))
	}
	n.above(small, top+2, patience)
	n.until(patience, "it runs as before", func(ctx context.Context) error {
		s, err := small.client.Node(ctx)
		if err != nil {
			return err
		}
		if status, body := small.private("/readyz"); status != 200 || s.Reason != "" || s.State != "Running" {
			return fmt.Errorf("state %s for %q, readiness %d %s", s.State, s.Reason, status, body)
		}
		if _, body := small.private("/metrics"); !strings.Contains(body, "posnet_validator_signing 1") {
			return errors.New("it does not sign")
		}
		return nil
	})
	if said := strings.Count(small.log.String(), "there is room on the disk again"); said != 1 {
		t.Errorf("it says %d times that there is room again, want once", said)
	}
	send(2)
	for _, p := range n.nodes {
		n.above(p, top+3, patience)
	}
	height := n.sameChain()
	pay.kept()
	n.innocent()
	t.Logf("%d heights, %d transfers final, full at height %d", height, len(pay.final), at)
}

// mountSmallDisk mounts a file system of its own at dir: ext4 in a file on a
// loop device, or in memory where there is none. It goes with the test; what a
// killed run left goes now.
func mountSmallDisk(t *testing.T, dir string) string {
	t.Helper()
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("mounting a disk needs Linux and root: run make process-test as root")
	}
	removeLeftDisks(t)
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	at, err := os.MkdirTemp("", fmt.Sprintf("%s%d-", smallDisk, os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	image := at + ".img"
	t.Cleanup(func() {
		if out, err := exec.Command("umount", at).CombinedOutput(); err != nil && isMounted(t, at) {
			t.Errorf("unmount %s: %v: %s", at, err, out)
		}
		if err := errors.Join(os.Remove(at), os.RemoveAll(image)); err != nil {
			t.Error(err)
		}
	})
	kind, err := mountLoop(image, at)
	if err != nil {
		t.Logf("no loop device (%v): in memory instead", err)
		kind = "tmpfs"
		if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=256m,mode=700", "posnet", at).CombinedOutput(); err != nil {
			t.Skipf("no disk can be mounted here: %v: %s", err, out)
		}
	}
	t.Logf("%s of 256 MiB at %s", kind, at)
	if err := os.Symlink(at, dir); err != nil {
		t.Fatal(err)
	}
	return at
}

func mountLoop(image, at string) (kind string, err error) {
	f, err := os.OpenFile(image, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	if err := errors.Join(f.Truncate(256<<20), f.Close()); err != nil {
		return "", err
	}
	for _, c := range [][]string{
		{"mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0", image},
		{"mount", "-o", "loop", image, at},
	} {
		if out, err := exec.Command(c[0], c[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w: %s", c[0], err, out)
		}
	}
	return "ext4", nil
}

// fill takes all the room of a disk, and returns what gives it back.
func fill(t *testing.T, disk string) (free func()) {
	t.Helper()
	path := filepath.Join(disk, "filler")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for size := 1 << 20; size >= 512; size /= 2 { // to the last sector
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
		if !strings.Contains(err.Error(), "no space") {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

func isMounted(t *testing.T, at string) bool {
	t.Helper()
	b, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(b), " "+at+" ")
}

// removeLeftDisks takes away the disks of tests that were killed. Those of tests
// that run are left alone.
func removeLeftDisks(t *testing.T) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(os.TempDir(), smallDisk+"*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range left {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(path), smallDisk), "-")
		if n, err := strconv.Atoi(pid); err != nil || n == os.Getpid() || alive(n) {
			continue
		}
		if isMounted(t, path) {
			if out, err := exec.Command("umount", path).CombinedOutput(); err != nil {
				t.Logf("%s, left by an earlier run, cannot be unmounted: %v: %s", path, err, out)
				continue
			}
		}
		if err := os.RemoveAll(path); err != nil {
			t.Logf("%s, left by an earlier run: %v", path, err)
		}
	}
}

func alive(pid int) bool {
	_, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
	return err == nil
}
