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
	"syscall"
	"time"

	"github.com/posnet/posnet/node"
)

// processes are the nodes of a devnet.
type processes struct {
	commands []*exec.Cmd
	ended    sync.WaitGroup
	stopping chan struct{}
}

// start starts every node. A node that ends by itself ends the devnet, with
// the reason.
func (d *devnet) start(ctx context.Context, cancel context.CancelCauseFunc) (*processes, error) {
	p := &processes{stopping: make(chan struct{})}
	self, err := os.Executable()
	if err != nil {
		return p, fmt.Errorf("find this program: %w", err)
	}
	lines := &logLines{out: d.out, colour: isTerminal(d.out)}
	for i := range d.nodes {
		name := "n" + strconv.Itoa(i)
		cmd := exec.CommandContext(context.WithoutCancel(ctx), self, d.arguments(i)...) // stop ends it, gently
		cmd.Env = nodeEnvironment(os.Environ())
		cmd.SysProcAttr = childAttributes()
		output, err := cmd.StdoutPipe()
		if err != nil {
			return p, fmt.Errorf("start node %s: %w", name, err)
		}
		cmd.Stderr = cmd.Stdout
		file, err := os.OpenFile(d.node(i)+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return p, fmt.Errorf("open the log of node %s: %w", name, err)
		}
		if err := cmd.Start(); err != nil {
			return p, errors.Join(fmt.Errorf("start node %s: %w", name, err), file.Close())
		}
		p.commands = append(p.commands, cmd)
		p.ended.Go(func() {
			last := lines.copy(name, i, d.logs, file, output)
			err := cmd.Wait()
			_ = file.Close()
			select {
			case <-p.stopping:
			case <-ctx.Done():
			default:
				cancel(fmt.Errorf("node %s ended by itself (%v): %s", name, err, last))
			}
		})
	}
	return p, nil
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
	for _, c := range p.commands {
		_ = c.Process.Signal(syscall.SIGTERM)
	}
	done := make(chan struct{})
	go func() {
		p.ended.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(node.Stop + time.Second):
		for _, c := range p.commands {
			_ = c.Process.Kill()
		}
		<-done
	}
}

// logLines writes whole lines of many nodes to one place.
type logLines struct {
	mu     sync.Mutex
	out    io.Writer
	colour bool
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
