package supervise

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/posnet/posnet/hack/localkube/internal/layout"
	"github.com/posnet/posnet/hack/localkube/internal/proc"
	"github.com/posnet/posnet/hack/localkube/internal/render"
)

func TestAServerThatEndsIsStartedAgainAndRecorded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := layout.Layout{State: filepath.Join(dir, "s"), Run: filepath.Join(dir, "r")}
	for _, d := range []string{l.Run, l.Logs()} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// A reader of the pipe waits for a writer: each run is one line, and no clock is asked.
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	s := &supervisor{config: Config{Layout: l}, log: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.keep(ctx, render.Server{Name: "echo", Path: "/bin/sh", Args: []string{"-c", "echo out; echo run > " + pipe}})
	}()
	for range 2 {
		if line, err := os.ReadFile(pipe); err != nil || string(line) != "run\n" {
			t.Fatalf("read %q, %v", line, err)
		}
	}
	cancel()
	// A third run may already wait for its reader; opening the pipe for both does not block and lets it go.
	release, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	<-ended
	release.Close()
	record, err := proc.Load(l.Processes())
	if err != nil {
		t.Fatal(err)
	}
	if len(record.Servers) != 1 || record.Servers[0].Name != "echo" || record.Servers[0].Restarts < 1 {
		t.Errorf("record %+v, want echo with a restart", record)
	}
	if text, err := os.ReadFile(l.Log("echo")); err != nil || !strings.HasPrefix(string(text), "out\nout\n") {
		t.Errorf("log %q, %v; want what both runs wrote", text, err)
	}
}

func TestNothingIsTouchedWhenTheStarterDies(t *testing.T) {
	t.Parallel()
	// Run would change the mounts of this very process if it went on.
	for _, word := range []string{"", "g", "no!"} {
		err := Run(t.Context(), Config{}, strings.NewReader(word), slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), "ended before the cluster could run") {
			t.Errorf("after %q: error %v", word, err)
		}
	}
}

func TestAConfigSurvivesASaveAndALoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "supervisor.json")
	want := Config{Layout: layout.New("/repo"), Servers: []render.Server{{Name: "etcd", Path: "/x/etcd", Args: []string{"--a"}, Stage: render.AfterAPI}}}
	if err := want.Save(path); err != nil {
		t.Fatal(err)
	}
	got, err := Load(path)
	if err != nil || got.Layout != want.Layout || len(got.Servers) != 1 || got.Servers[0].Stage != render.AfterAPI {
		t.Fatalf("loaded %+v, %v", got, err)
	}
}
