package signer_test

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/signer"
)

const childEnv = "POSNET_SIGNER_TEST_DIR"

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		fmt.Fprintln(os.Stderr, signForever(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// signForever signs one height after the other and prints each signature as soon as it has it.
func signForever(path string) error {
	s, err := signer.Open(vfs.Default, path)
	if err != nil {
		return err
	}
	for height := s.State().Height + 1; ; height++ {
		sig, err := s.Sign(req(signer.Precommit, height, 0, fmt.Sprint("block ", height)))
		if err != nil {
			return err
		}
		fmt.Printf("%d %s\n", height, hex.EncodeToString(sig[:]))
	}
}

func TestAKilledProcessLeavesItsLockAndItsSignatures(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "validator")
	must(t, signer.Create(vfs.Default, path, consensus, vrf))
	self, err := os.Executable()
	must(t, err)
	child := exec.Command(self)
	child.Env = append(os.Environ(), childEnv+"="+path)
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	t.Cleanup(func() { _ = child.Process.Kill() })

	var height uint64
	lines := bufio.NewScanner(out)
	read := func() bool {
		var h uint64
		var sig string
		if !lines.Scan() {
			return false
		}
		if n, _ := fmt.Sscan(lines.Text(), &h, &sig); n == 2 { // the last line may be cut off
			height = h
		}
		return true
	}
	for range 20 {
		if !read() {
			t.Fatalf("the child ended early: %v", lines.Err())
		}
	}
	if _, err := signer.Open(vfs.Default, path); !errors.Is(err, signer.ErrInUse) || !strings.Contains(err.Error(), "stop the other one") {
		t.Errorf("while another process signs: %v, want ErrInUse", err)
	}
	must(t, child.Process.Kill())
	for read() { // what it had said until it died
	}
	_ = child.Wait()

	s, err := signer.Open(vfs.Default, path)
	must(t, err)
	defer s.Close()
	if s.State().Height < height || height < 20 {
		t.Fatalf("state is at height %d, the killed process had released height %d", s.State().Height, height)
	}
	if _, err := s.Sign(req(signer.Precommit, s.State().Height, 0, "another block")); !errors.Is(err, signer.ErrDoubleSign) {
		t.Errorf("another message for the last slot: %v, want ErrDoubleSign", err)
	}
}
