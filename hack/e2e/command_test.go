//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// run runs a program and gives what it printed, output and errors.
func run(stdin io.Reader, program string, args ...string) (string, error) {
	cmd := exec.Command(program, args...)
	cmd.Stdin = stdin
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

// posnet runs the posnet command and expects it to succeed.
func posnet(t *testing.T, args ...string) string {
	t.Helper()
	out, err := run(nil, cluster.posnet, args...)
	if err != nil {
		t.Fatalf("posnet %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(out)
}

var forwarding = regexp.MustCompile(`Forwarding from (127\.0\.0\.1:\d+)`)

// forward makes a pod's or service's API reachable from this process, as a user
// would, and gives its URL.
func (n *network) forward(target string) string {
	n.t.Helper()
	cmd := exec.Command(cluster.kubectl, "--kubeconfig", cluster.kubeconfig, "-n", n.namespace, "port-forward", target, ":8050")
	out, err := cmd.StdoutPipe()
	if err != nil {
		n.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	url := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if m := forwarding.FindStringSubmatch(lines.Text()); m != nil {
				select {
				case url <- "http://" + m[1]:
				default:
				}
			}
		}
	}()
	select {
	case u := <-url:
		return u
	case <-time.After(30 * time.Second):
		n.t.Fatalf("kubectl port-forward %s says nothing", target)
		return ""
	}
}

// account makes a key with openssl, as a user with other tools would, and gives
// its file and address.
func account(t *testing.T) (file, address string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "account.pem")
	if out, err := run(nil, "openssl", "genpkey", "-algorithm", "ed25519", "-out", file); err != nil {
		t.Fatalf("openssl: %v\n%s", err, out)
	}
	return file, posnet(t, "keys", "show", file, "--address")
}

// fund gives an account some POS from the faucet, final when it returns.
func (n *network) fund(url, address string, pos int) string {
	n.t.Helper()
	return posnet(n.t, "tx", "faucet", address, fmt.Sprint(pos), "--node", url, "--key-file", n.faucetKey(), "--wait")
}
