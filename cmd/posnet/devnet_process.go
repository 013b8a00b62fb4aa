package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/posnet/posnet/node"
)

// processes are the nodes of a devnet.
type processes struct {
	mu       sync.Mutex
	running  map[int]*exec.Cmd
	ended    sync.WaitGroup
	stopping chan struct{}
	kept     atomic.Bool // the network was ready once: a node that ends is started again
}

// A node that ends by itself is started again after restartPause, as a pod would be. One that ends so soon after its start with
// an error would again: it ends the devnet.
const (
	restartPause = 2 * time.Second
	endsAtOnce   = 5 * time.Second
)

// start starts every node. One that ends by itself before the network is ready ends the devnet, with the reason.
func (d *devnet) start(ctx context.Context, cancel context.CancelCauseFunc) (*processes, error) {
	p := &processes{running: map[int]*exec.Cmd{}, stopping: make(chan struct{})}
	self, err := os.Executable()
	if err != nil {
		return p, fmt.Errorf("find this program: %w", err)
	}
	lines := &logLines{out: d.out, colour: isTerminal(d.out)}
	for i := range d.nodes {
		n, err := d.startNode(ctx, p, self, i)
		if err != nil {
			return p, err
		}
		p.ended.Go(func() { d.keep(ctx, cancel, p, lines, n) })
	}
	return p, nil
}

// childNode is one node's.
type childNode struct {
	index   int
	name    string
	cmd     *exec.Cmd
	output  io.Reader
	log     *os.File
	started time.Time
}

func (d *devnet) startNode(ctx context.Context, p *processes, self string, i int) (*childNode, error) {
	n := &childNode{index: i, name: "n" + strconv.Itoa(i), started: time.Now()}
	n.cmd = exec.CommandContext(context.WithoutCancel(ctx), self, d.arguments(i)...) // stop ends it, gently
	n.cmd.Env = nodeEnvironment(os.Environ())
	n.cmd.SysProcAttr = childAttributes()
	output, err := n.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start node %s: %w", n.name, err)
	}
	n.output, n.cmd.Stderr = output, n.cmd.Stdout
	if n.log, err = os.OpenFile(d.node(i)+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return nil, fmt.Errorf("open the log of node %s: %w", n.name, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := n.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start node %s: %w", n.name, err), n.log.Close())
	}
	p.running[i] = n.cmd
	return n, nil
}

// keep follows a node until the devnet stops.
func (d *devnet) keep(ctx context.Context, cancel context.CancelCauseFunc, p *processes, lines *logLines, n *childNode) {
	for {
		last := lines.copy(n.name, n.index, d.logs, n.log, n.output)
		err := n.cmd.Wait()
		_ = n.log.Close()
		p.mu.Lock()
		delete(p.running, n.index)
		p.mu.Unlock()
		if p.stops(ctx, 0) {
			return
		}
		killed := n.cmd.ProcessState.ExitCode() < 0
		if !p.kept.Load() || !killed && time.Since(n.started) < endsAtOnce {
			cancel(fmt.Errorf("node %s ended by itself (%v): %s", n.name, err, last))
			return
		}
		lines.tell(fmt.Sprintf("node %s ended by itself (%v): it is started again in %s", n.name, err, restartPause))
		if p.stops(ctx, restartPause) {
			return
		}
		if n, err = d.startNode(ctx, p, n.cmd.Path, n.index); err != nil {
			cancel(err)
			return
		}
		if p.stops(ctx, 0) { // stop may not have seen it
			_ = n.cmd.Process.Signal(syscall.SIGTERM)
		}
	}
}

// stops waits so long for the end of the devnet, and says whether it came.
func (p *processes) stops(ctx context.Context, within time.Duration) bool {
	if within > 0 {
		select {
		case <-p.stopping:
		case <-ctx.Done():
		case <-time.After(within):
		}
	}
	select {
	case <-p.stopping:
		return true
	default:
		return ctx.Err() != nil
	}
}

// nodeEnvironment leaves out the settings of this shell: a devnet's nodes are
// set up by their flags alone.
func nodeEnvironment(env []string) []string {
	var out []string
	for _, v := range env {
		if name, _, _ := strings.Cut(v, "="); !strings.HasPrefix(name, "POSNET_") || strings.HasPrefix(name, "POSNET_TEST_") {
			out = append(out, v)
		}
	}
	return out
}

func (d *devnet) arguments(i int) []string {
	var seeds []string
	for j := range d.nodes {
		if j != i {
			seeds = append(seeds, fmt.Sprintf("127.0.0.1:%d", d.apiPort+j))
		}
	}
	port := func(base int) string { return strconv.Itoa(base + i) }
	format := "json"
	if d.logs {
		format = "text"
	}
	args := []string{
		"node", "--data-dir", d.node(i), "--genesis", d.genesis(), "--ordinal", strconv.Itoa(i), "--ip", "127.0.0.1",
		"--api-port", port(d.apiPort), "--node-port", port(d.peerPort), "--private-port", port(d.privatePort),
		"--peers", strings.Join(seeds, ","), "--log-format", format,
	}
	if d.debugPort > 0 {
		args = append(args, "--debug-address", "127.0.0.1:"+port(d.debugPort))
	}
	return args
}

// stop ends all nodes and waits for them, at last by force.
func (p *processes) stop() {
	close(p.stopping)
	p.each(func(c *exec.Cmd) { _ = c.Process.Signal(syscall.SIGTERM) })
	done := make(chan struct{})
	go func() {
		p.ended.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(node.Stop + time.Second):
		p.each(func(c *exec.Cmd) { _ = c.Process.Kill() })
		<-done
	}
}

func (p *processes) each(do func(*exec.Cmd)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.running {
		do(c)
	}
}

// logLines writes whole lines of many nodes to one place.
type logLines struct {
	mu     sync.Mutex
	out    io.Writer
	colour bool
}

func (l *logLines) tell(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = io.WriteString(l.out, line+"\n")
}

// copy passes a node's lines on, to its file and if asked for to the screen. It
// returns the last line.
func (l *logLines) copy(name string, i int, show bool, file io.Writer, from io.Reader) (last string) {
	prefix := name + " | "
	if l.colour {
		prefix = fmt.Sprintf("\x1b[%dm%s\x1b[0m | ", 31+i%6, name)
	}
	r := bufio.NewReaderSize(from, 64<<10)
	for {
		line, err := r.ReadString('\n')
		if line != "" {
			last = strings.TrimSpace(line)
			_, _ = io.WriteString(file, line)
			if show {
				l.mu.Lock()
				_, _ = io.WriteString(l.out, prefix+strings.TrimRight(line, "\n")+"\n")
				l.mu.Unlock()
			}
		}
		if err != nil {
			return last
		}
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
