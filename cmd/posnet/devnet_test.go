package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A devnet in a test is what a user starts: this binary as posnet, in processes.
type testDevnet struct {
	t    *testing.T
	dir  string
	urls []string
	cmd  *exec.Cmd
	took time.Duration
}

// nextPort walks below the ephemeral ports, which connections take at random.
var nextPort atomic.Int64

// freePorts finds n consecutive ports that nobody listens on.
func freePorts(t *testing.T, n int) int {
	t.Helper()
	for range 1000 {
		base := 20000 + (os.Getpid()*193+int(nextPort.Add(int64(n)))-n)%11000 // two test runs at once begin apart
		free := true
		for p := base; p < base+n && free; p++ {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p))
			if free = err == nil; !free {
				continue
			}
			u, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", p))
			if free = err == nil && l.Close() == nil; free {
				free = u.Close() == nil
			}
		}
		if free {
			return base
		}
	}
	t.Fatal("no free ports")
	return 0
}

// startDevnet starts a devnet and waits until it says it is ready.
func startDevnet(t *testing.T, dir string, nodes int, args ...string) *testDevnet {
	t.Helper()
	base := freePorts(t, 3*nodes)
	d := &testDevnet{t: t, dir: dir}
	for i := range nodes {
		d.urls = append(d.urls, fmt.Sprintf("http://127.0.0.1:%d", base+i))
	}
	args = append([]string{"devnet", "--data", dir, "--nodes", fmt.Sprint(nodes), "--api-port", fmt.Sprint(base),
		"--node-port", fmt.Sprint(base + nodes), "--private-port", fmt.Sprint(base + 2*nodes)}, args...)
	d.cmd = exec.Command(os.Args[0], args...)
	d.cmd.Env = append(os.Environ(), asPosnet+"=1")
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	d.cmd.Stderr = &stderr
	began := time.Now()
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.stop)
	ready := make(chan bool, 1)
	go func() {
		seen := false
		for s := bufio.NewScanner(out); s.Scan(); {
			if !seen && strings.Contains(s.Text(), "ready in") {
				seen, d.took = true, time.Since(began)
				ready <- true
			}
		}
		_, _ = io.Copy(io.Discard, out)
		if !seen {
			ready <- false
		}
	}()
	select {
	case ok := <-ready:
		if !ok {
			t.Fatalf("the devnet ended before it was ready: %s", stderr.String())
		}
	case <-time.After(90 * time.Second):
		t.Fatal("the devnet is not ready after 90 s")
	}
	return d
}

// stop is Ctrl-C. The devnet must end by itself, and well.
func (d *testDevnet) stop() {
	if d.cmd == nil {
		return
	}
	cmd := d.cmd
	d.cmd = nil
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		d.t.Errorf("stop the devnet: %v", err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			d.t.Errorf("the devnet ended with %v", err)
		}
	case <-time.After(30 * time.Second):
		_ = cmd.Process.Kill()
		<-done
		d.t.Error("the devnet did not end within 30 s of Ctrl-C")
	}
}

func (d *testDevnet) faucet() string { return filepath.Join(d.dir, "faucet.pem") }

// TestSampleMakesThreeBlocksAndLeavesOneWaitingEveryTime is the original's
// promise, on twenty fresh networks.
func TestSampleMakesThreeBlocksAndLeavesOneWaitingEveryTime(t *testing.T) {
	runs := 20
	if testing.Short() {
		runs = 2
	}
	var slowest time.Duration
	for run := range runs { // one after the other: each is three processes
		d := startDevnet(t, filepath.Join(t.TempDir(), "net"), 3, "--seed-roles")
		slowest = max(slowest, d.took)
		text := must(t, "sample", "--faucet-key", d.faucet(), "--node", strings.Join(d.urls, ","), "--output", "json")
		var got sampled
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if got.Nodes != 3 || len(got.Blocks) != 3 || got.Waiting != 1 || len(got.Pending) != 1 {
			t.Fatalf("run %d: %d blocks and %d waiting on %d nodes", run, len(got.Blocks), got.Waiting, got.Nodes)
		}
		for i, b := range got.Blocks {
			if b.Height != uint64(3-i) || b.TxCount != 2 {
				t.Errorf("run %d: block %d with %d transactions", run, b.Height, b.TxCount)
			}
		}
		if got.Pending[0].Memo != "alice to bob" || got.Pending[0].Nonce != 3 {
			t.Errorf("run %d: %+v waits", run, got.Pending[0])
		}
		for h := 1; h <= 3; h++ {
			shows(t, must(t, "query", "draw", fmt.Sprint(h), "--node", d.urls[2]), "won the lottery", "answer agrees")
		}
		d.stop()
	}
	t.Logf("%d networks; the slowest was ready in %s", runs, slowest)
}

func TestDevnetFinalisesAndGoesOnFromItsData(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "net")
	d := startDevnet(t, dir, 4)
	friend := filepath.Join(t.TempDir(), "friend.pem") // no validator, whose fees would add up
	must(t, "keys", "generate", "--out", friend)
	address := strings.TrimSpace(must(t, "keys", "show", friend, "--address"))
	shows(t, must(t, "tx", "faucet", address, "7", "--key-file", d.faucet(), "--wait", "--node", d.urls[2]), "final")
	shows(t, must(t, "query", "account", address, "--verify", "--genesis", filepath.Join(dir, "genesis.json"), "--node", d.urls[2]), "7 POS", "signatures on block")
	d.stop()
	again := startDevnet(t, dir, 4)
	shows(t, must(t, "query", "account", address, "--node", again.urls[3]), "7 POS")
	shows(t, must(t, "tx", "faucet", address, "1", "--key-file", again.faucet(), "--wait", "--node", again.urls[0]), "final")
}

// Whoever kills a node of a devnet sees the others go on, and the node come back.
func TestDevnetBearsTheDeathOfANode(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("looks for the process in /proc")
	}
	dir := filepath.Join(t.TempDir(), "net")
	d := startDevnet(t, dir, 4)
	victim := childWith(t, d.cmd.Process.Pid, "\x00--ordinal\x003\x00")
	if err := syscall.Kill(victim, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	friend := filepath.Join(t.TempDir(), "friend.pem")
	must(t, "keys", "generate", "--out", friend)
	address := strings.TrimSpace(must(t, "keys", "show", friend, "--address"))
	shows(t, must(t, "tx", "faucet", address, "7", "--key-file", d.faucet(), "--wait", "--node", d.urls[0]), "final")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := waitFor(ctx, func() error {
		_, err := posnet(t, "query", "account", address, "--verify", "--genesis", filepath.Join(dir, "genesis.json"), "--node", d.urls[3])
		return err
	})
	if err != nil {
		t.Fatalf("the node that was killed is not back: %v", err)
	}
	if again := childWith(t, d.cmd.Process.Pid, "\x00--ordinal\x003\x00"); again == victim {
		t.Error("it was never dead")
	}
}

// childWith finds the child of a process whose command line has some text.
func childWith(t *testing.T, parent int, text string) int {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks { // a child belongs to the thread that started it
		children, _ := os.ReadFile(task)
		for _, child := range strings.Fields(string(children)) {
			if line, _ := os.ReadFile("/proc/" + child + "/cmdline"); strings.Contains(string(line), text) {
				pid, err := strconv.Atoi(child)
				if err != nil {
					t.Fatal(err)
				}
				return pid
			}
		}
	}
	t.Fatalf("no child of %d has %q in its command line", parent, text)
	return 0
}

func TestDevnetWithoutDataLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	tmp := t.TempDir()
	base := freePorts(t, 6)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "devnet", "--nodes", "2", "--logs", "--api-port", fmt.Sprint(base),
		"--node-port", fmt.Sprint(base+2), "--private-port", fmt.Sprint(base+4))
	cmd.Env = append(os.Environ(), asPosnet+"=1", "TMPDIR="+tmp)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for s := bufio.NewScanner(out); s.Scan(); {
		text.WriteString(s.Text() + "\n")
		if strings.Contains(s.Text(), "Ctrl-C stops") {
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, text.String())
	}
	shows(t, text.String(), "2 nodes ready in", "n1 | ", "faucet.pem", " bench --key-file ", fmt.Sprintf(":%d,http:", base))
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestTheNodesOfAnotherNetworkAreNotTakenForOnesOwn(t *testing.T) {
	t.Parallel()
	other := startDevnet(t, filepath.Join(t.TempDir(), "net"), 2)
	base := freePorts(t, 4)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "devnet", "--nodes", "2", "--api-port", other.urls[0][strings.LastIndex(other.urls[0], ":")+1:],
		"--node-port", fmt.Sprint(base), "--private-port", fmt.Sprint(base+2))
	cmd.Env = append(os.Environ(), asPosnet+"=1", "TMPDIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err == nil || strings.Contains(string(out), "nodes ready") || !strings.Contains(string(out), "address already in use") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestADevnetWhosePortIsTakenSaysSo(t *testing.T) {
	t.Parallel()
	base := freePorts(t, 3)
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", base))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "devnet", "--nodes", "1", "--api-port", fmt.Sprint(base),
		"--node-port", fmt.Sprint(base+1), "--private-port", fmt.Sprint(base+2))
	cmd.Env = append(os.Environ(), asPosnet+"=1", "TMPDIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "address already in use") {
		t.Errorf("%v: %s", err, out)
	}
}
