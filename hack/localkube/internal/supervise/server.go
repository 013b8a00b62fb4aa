package supervise

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/posnet/posnet/hack/localkube/internal/proc"
	"github.com/posnet/posnet/hack/localkube/internal/render"
)

const (
	firstWait = 200 * time.Millisecond // before a server that ended is started again; doubles each time
	longWait  = 10 * time.Second       // the longest wait
	healthy   = 30 * time.Second       // a server that ran this long starts over at firstWait
)

// keep runs one server for as long as ctx lasts.
func (s *supervisor) keep(ctx context.Context, server render.Server) {
	wait := firstWait
	for ctx.Err() == nil {
		began := time.Now()
		err := s.once(ctx, server)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > healthy {
			wait = firstWait
		}
		s.log.Warn("server ended, starting it again", "server", server.Name, "cause", err, "ran", time.Since(began).Round(time.Millisecond), "wait", wait)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, longWait)
	}
}

// once runs one server until it ends.
func (s *supervisor) once(ctx context.Context, server render.Server) error {
	l := s.config.Layout
	logFile, err := os.OpenFile(l.Log(server.Name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("open the log of %s: %w", server.Name, err)
	}
	defer logFile.Close()
	cmd := exec.CommandContext(ctx, server.Path, server.Args...)
	cmd.Dir = l.State
	cmd.Stdout, cmd.Stderr = logFile, logFile
	cmd.Env = append([]string{
		"PATH=" + filepath.Join(l.State, "bin") + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=" + l.State,
		"TMPDIR=" + filepath.Join(l.State, "tmp"),
	}, server.Env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	// A session of its own: no signal meant for a terminal, and no other server's, reaches it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", server.Name, err)
	}
	s.note(server.Name, cmd.Process.Pid)
	return cmd.Wait()
}

// note records a started server.
func (s *supervisor) note(name string, pid int) {
	id, err := proc.Of(pid)
	if err != nil {
		return // it has ended already, and there is nothing to find
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.record.Servers, func(e proc.Entry) bool { return e.Name == name })
	if i < 0 {
		s.record.Servers = append(s.record.Servers, proc.Entry{ID: id, Name: name})
	} else {
		s.record.Servers[i].ID = id
		s.record.Servers[i].Restarts++
	}
	if err := s.record.Save(s.config.Layout.Processes()); err != nil {
		s.log.Error("process not recorded", "server", name, "cause", err)
	}
}
