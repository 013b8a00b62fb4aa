package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/client"
	"github.com/posnet/posnet/node/keys"
)

// Tests named TestProcess… end real processes and fill real disks. They are the
// kind "process" of hack/scripts/gotest.sh (make process-test), take about a
// minute each, and are skipped with -short.

// patience is how long anything may take on a machine that has much else to do.
const patience = 3 * time.Minute

// builtPosnet is the program as users run it, built once.
var builtPosnet = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "posnet-process-")
	if err != nil {
		return "", err
	}
	builtDir = dir // removed when all tests have ended: see TestMain
	bin := filepath.Join(dir, "posnet")
	out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput()
	if err != nil {
		return "", errors.Join(fmt.Errorf("build posnet: %w: %s", err, out), os.RemoveAll(dir))
	}
	return bin, nil
})

// builtDir is where the program was built; empty: no test needed it.
var builtDir string

// processNet is a network of real processes on loopback.
type processNet struct {
	t      *testing.T
	bin    string
	devnet *devnet
	faucet keys.PrivateKey
	hash   chain.Hash
	nodes  []*nodeProcess
}

// nodeProcess is one node, over all its lives.
type nodeProcess struct {
	net    *processNet
	index  int
	client *client.Client
	log    *lockedBuffer // of all lives
	flags  []string      // nil: those of the network
	cmd    *exec.Cmd     // nil: down
	ended  chan error
	seen   uint64 // the highest height it called final
}

// lockedBuffer is what a process says while others read it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newProcessNet makes the data of a network in dir and starts all its nodes.
func newProcessNet(t *testing.T, dir string, nodes int) *processNet {
	t.Helper()
	bin, err := builtPosnet()
	if err != nil {
		t.Fatal(err)
	}
	base := freePorts(t, 3*nodes)
	n := &processNet{t: t, bin: bin, devnet: &devnet{
		nodes: nodes, data: dir, stake: 25 * chain.UnitsPerPOS, params: chain.DefaultParams(), out: io.Discard,
		apiPort: base, peerPort: base + nodes, privatePort: base + 2*nodes,
	}}
	n.devnet.params.MaxIdle = 1000
	if err := n.devnet.open(); err != nil {
		t.Fatal(err)
	}
	g, err := readGenesisFile(n.devnet.genesis())
	if err != nil {
		t.Fatal(err)
	}
	n.hash = g.Hash()
	if n.faucet, err = loadQuietly(n.devnet.faucet()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.end)
	for i := range nodes {
		c, err := client.New(n.devnet.url(i), nil)
		if err != nil {
			t.Fatal(err)
		}
		n.nodes = append(n.nodes, &nodeProcess{net: n, index: i, client: c, log: &lockedBuffer{}})
	}
	for _, p := range n.nodes {
		p.start()
	}
	return n
}

// end leaves no process behind, and shows what they said if the test failed.
func (n *processNet) end() {
	for _, p := range n.nodes {
		if p.cmd != nil {
			p.kill()
		}
		p.client.Close()
		if n.t.Failed() {
			lines := slices.DeleteFunc(strings.Split(p.log.String(), "\n"), func(l string) bool { return strings.Contains(l, "request answered") })
			n.t.Logf("node %d said last:\n%s", p.index, strings.Join(lines[max(0, len(lines)-15):], "\n"))
		}
	}
}

func (p *nodeProcess) start() {
	t := p.net.t
	t.Helper()
	args := p.net.devnet.arguments(p.index)
	if p.flags != nil {
		args = append([]string{"node"}, p.flags...)
	}
	p.cmd = exec.Command(p.net.bin, args...)
	p.cmd.Env = nodeEnvironment(os.Environ())
	p.cmd.SysProcAttr = childAttributes()
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		p.cmd = nil
		t.Fatalf("start node %d: %v", p.index, err)
	}
	ended := make(chan error, 1)
	p.ended = ended
	go func(cmd *exec.Cmd) { ended <- cmd.Wait() }(p.cmd)
}

// kill is kill -9.
func (p *nodeProcess) kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL)
	<-p.ended
	p.cmd = nil
}

// crashed fails the test if a process ended by itself.
func (n *processNet) crashed() {
	n.t.Helper()
	for _, p := range n.nodes {
		if p.cmd == nil {
			continue
		}
		select {
		case err := <-p.ended:
			p.cmd = nil
			n.t.Fatalf("node %d ended by itself: %v", p.index, err)
		default:
		}
	}
}

// until waits for a condition, and fails with what was in the way.
func (n *processNet) until(limit time.Duration, what string, try func(context.Context) error) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), limit)
	defer cancel()
	err := waitFor(ctx, func() error {
		n.crashed()
		return try(ctx)
	})
	if err != nil {
		n.t.Fatalf("%s: not within %s: %v", what, limit, err)
	}
}

// above waits until a node has a height that is final.
func (n *processNet) above(p *nodeProcess, height uint64, limit time.Duration) {
	n.t.Helper()
	n.until(limit, fmt.Sprintf("node %d reaches height %d", p.index, height), func(ctx context.Context) error {
		if at := p.height(ctx); at < height {
			return fmt.Errorf("it is at height %d", at)
		}
		return nil
	})
}

// height is what a node calls final, 0 when it does not answer. What it once
// called final it must have ever after.
func (p *nodeProcess) height(ctx context.Context) uint64 {
	ctx, cancel := context.WithTimeout(ctx, patience/10)
	defer cancel()
	s, err := p.client.Status(ctx)
	if err != nil {
		return 0
	}
	if s.Height < p.seen {
		p.net.t.Errorf("node %d called height %d final and is at height %d now", p.index, p.seen, s.Height)
	}
	p.seen = max(p.seen, s.Height)
	return s.Height
}

// private asks the private port.
func (p *nodeProcess) private(path string) (status int, body string) {
	ctx, cancel := context.WithTimeout(p.net.t.Context(), patience/10)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d%s", p.net.devnet.privatePort+p.index, path), nil)
	if err != nil {
		return 0, err.Error()
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = answer.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(answer.Body, 4<<20))
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(b)
}

// innocent fails the test if a node has seen a validator contradict itself.
func (n *processNet) innocent() {
	n.t.Helper()
	for _, p := range n.nodes {
		_, body := p.private("/metrics")
		for line := range strings.Lines(body) {
			if strings.HasPrefix(line, "posnet_consensus_equivocations_total{") && !strings.HasSuffix(strings.TrimSpace(line), " 0") && !strings.HasSuffix(strings.TrimSpace(line), " 0.0") {
				n.t.Errorf("node %d counts equivocations: %s", p.index, line)
			}
		}
		for _, word := range []string{"contradicted itself", "DoubleIdentity", "StateDiverged", "panic", "fatal error", "refused by the sign-state"} {
			if strings.Contains(p.log.String(), word) {
				n.t.Errorf("node %d says %q", p.index, word)
			}
		}
	}
}

// sameChain fails the test unless all nodes have one block at each height up to
// the lowest of their tips, and none has evidence in it.
func (n *processNet) sameChain() (height uint64) {
	t := n.t
	t.Helper()
	ctx := t.Context()
	height = ^uint64(0)
	for _, p := range n.nodes {
		height = min(height, p.height(ctx))
	}
	for h := uint64(1); h <= height; h++ {
		var first chain.Hash
		for _, p := range n.nodes {
			b, err := p.client.Block(ctx, fmt.Sprint(h))
			if err != nil {
				t.Fatalf("node %d has no block %d: %v", p.index, h, err)
			}
			if first.IsZero() {
				first = b.Hash
			}
			if b.Hash != first {
				t.Errorf("two blocks of height %d: %s, and %s on node %d", h, first, b.Hash, p.index)
			}
			if b.Evidence != 0 {
				t.Errorf("block %d carries %d pieces of evidence", h, b.Evidence)
			}
		}
	}
	return height
}

// payments sends transfers from the faucet, one after the other, and remembers
// which were called final, and where.
type payments struct {
	net   *processNet
	nonce uint64
	final map[chain.Hash]uint64 // id -> height
}

// send sends one transfer and waits until some node calls it final, asking
// another one when the first does not answer.
func (y *payments) send(ctx context.Context, first int) error {
	n := y.net
	y.nonce++
	tx := chain.Tx{Kind: chain.TxTransfer, From: n.faucet.Public(), Nonce: y.nonce, To: n.payee(), Amount: y.nonce, Fee: n.devnet.params.MinFee}
	signed := chain.Encode(&chain.SignedTx{Tx: tx, Signature: n.faucet.Sign(chain.TxMessage(n.hash, &tx))})
	id := tx.ID()
	last := errors.New("no node was asked")
	for i := first; ctx.Err() == nil; i++ {
		p := n.nodes[i%len(n.nodes)]
		_, err := p.client.Submit(ctx, signed)
		refused := errors.As(err, new(*client.Error)) // it may have it already, or even in a block
		if err != nil && !refused {
			last = err
			pause(ctx, 20*time.Millisecond)
			continue
		}
		wait, cancel := context.WithTimeout(ctx, 4*time.Second)
		got, err := p.client.WaitFinal(wait, id)
		cancel()
		if err == nil && got.Height > 0 {
			y.final[id] = got.Height
			return nil
		}
		if last = err; err == nil {
			last = fmt.Errorf("node %d calls it %s", p.index, got.Status)
		}
		pause(ctx, 20*time.Millisecond)
	}
	return fmt.Errorf("transfer %d is not final: %w", y.nonce, last)
}

// pause lets time pass, or ctx end.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// payee is who is paid: nobody, whose balance is the sum of all.
func (n *processNet) payee() chain.Address { return keys.FromSeed([32]byte{9}).Public() }

// kept fails the test unless every node has every transfer that was ever called
// final, at its height, and the balance that they add up to.
func (y *payments) kept() {
	n := y.net
	n.t.Helper()
	for _, p := range n.nodes {
		for id, height := range y.final {
			got, err := p.client.Transaction(n.t.Context(), id)
			if err != nil || got.Height != height {
				n.t.Errorf("transfer %s was final at height %d, node %d knows %+v (%v)", id, height, p.index, got, err)
			}
		}
		a, err := p.client.Account(n.t.Context(), n.payee(), false)
		if want := y.nonce * (y.nonce + 1) / 2; err != nil || uint64(a.Balance) != want {
			n.t.Errorf("node %d has a balance of %d after %d transfers (%v), want %d", p.index, a.Balance, y.nonce, err, want)
		}
	}
}
