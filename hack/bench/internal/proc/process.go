package proc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Process is a program that runs.
type Process struct {
	Name  string
	cmd   *exec.Cmd
	dir   string // of its record
	log   string
	ended chan struct{}
	err   error // why it ended; read after ended
}

// Start runs a program in the background. dir remembers it, and its output
// goes to the file NAME.log there.
func Start(dir, name, exe string, args ...string) (*Process, error) {
	return start(dir, nil, name, exe, args)
}

// Output runs a program to its end, or until ctx ends, and returns what it
// wrote to its standard output, also when it failed. Otherwise it is as Start.
func Output(ctx context.Context, dir, name, exe string, args ...string) ([]byte, error) {
	var out bytes.Buffer
	p, err := start(dir, &out, name, exe, args)
	if err != nil {
		return nil, err
	}
	select {
	case <-p.ended:
	case <-ctx.Done():
		err := p.Stop()
		return out.Bytes(), errors.Join(context.Cause(ctx), err)
	}
	if p.err != nil {
		return out.Bytes(), p.Failure()
	}
	return out.Bytes(), nil
}

// start sends the standard output to stdout, or with the rest to the log.
func start(dir string, stdout io.Writer, name, exe string, args []string) (*Process, error) {
	p := &Process{Name: name, dir: dir, log: filepath.Join(dir, name+".log"), ended: make(chan struct{})}
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p.cmd = exec.CommandContext(context.Background(), exe, args...) // Stop ends it, gently
	p.cmd.Stdout, p.cmd.Stderr = out, out
	if stdout != nil {
		p.cmd.Stdout = stdout
		p.cmd.WaitDelay = time.Second // a child of it that lives on may hold the pipe
	}
	// Ctrl-C is for the benchmark alone, which then ends all in order; and if the
	// benchmark is killed, the kernel tells the process.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	started := make(chan error)
	go func() {
		// The kernel sends that signal when the thread ends that started the process,
		// so this one must stay until it is over.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer out.Close()
		if err := p.cmd.Start(); err != nil {
			started <- fmt.Errorf("start %s: %w", name, err)
			return
		}
		started <- Remember(dir, p.PID(), exe) // before the wait: until then its id is its own
		p.err = p.cmd.Wait()
		_ = Forget(dir, p.cmd.Process.Pid) // Clean finds that it has ended
		close(p.ended)
	}()
	if err := <-started; err != nil {
		if p.cmd.Process != nil {
			err = errors.Join(err, p.Stop())
		}
		return nil, err
	}
	return p, nil
}

// PID is its process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ended is closed when it has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Failure says why it ended by itself, with the last line it wrote.
func (p *Process) Failure() error {
	return fmt.Errorf("%s ended by itself (%v): %s", p.Name, p.err, lastLine(p.log))
}

// patience is how long a process may take to stop when asked to.
const patience = 15 * time.Second

// Stop asks it to end, waits, and makes it end if need be.
func (p *Process) Stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails only if it has ended
	select {
	case <-p.ended:
		return nil
	case <-time.After(patience):
	}
	_ = p.cmd.Process.Kill()
	<-p.ended
	return fmt.Errorf("%s did not stop within %s and was killed", p.Name, patience)
}

// lastLine of a log, for messages.
func lastLine(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	text := strings.TrimSpace(string(b))
	if text == "" {
		return "it wrote nothing"
	}
	return text[strings.LastIndexByte(text, '\n')+1:]
}
