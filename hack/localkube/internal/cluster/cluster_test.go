package cluster

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/posnet/posnet/hack/localkube/internal/layout"
)

func TestTheSourceIsFoundFromAnywhereInTheRepository(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	deep := filepath.Join(root, "node", "chain")
	for _, dir := range []string{deep, filepath.Join(root, "hack", "localkube", "kube")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "hack", "localkube", "kube", "go.mod"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{root, deep, filepath.Join(root, "hack", "localkube")} {
		source, repo, err := FindSource(dir)
		if err != nil || repo != root || source != filepath.Join(root, "hack", "localkube") {
			t.Errorf("from %s: %s, %s, %v", dir, source, repo, err)
		}
	}
	if _, _, err := FindSource(t.TempDir()); err == nil || !strings.Contains(err.Error(), "--repo") {
		t.Errorf("outside of a repository: error %v, want one naming --repo", err)
	}
}

func TestTrouble(t *testing.T) {
	t.Parallel()
	well := Status{Servers: []Server{{Name: "etcd", PID: 1}}}
	if !well.Healthy() || !strings.Contains(well.String(), "healthy: node ready") {
		t.Errorf("a healthy cluster is shown as\n%s", well)
	}
	for name, c := range map[string]struct {
		status Status
		want   string
	}{
		"a dead server": {Status{Servers: []Server{{Name: "etcd"}}}, "etcd does not run"},
		"a sick node":   {Status{Node: "no network"}, "no network"},
		"silent DNS":    {Status{DNS: "timeout"}, "timeout"},
	} {
		if c.status.Healthy() || c.status.Trouble() != c.want || !strings.Contains(c.status.String(), "not healthy: "+c.want) {
			t.Errorf("%s: trouble %q, shown as\n%s", name, c.status.Trouble(), c.status)
		}
	}
}

func TestTwoCommandsCannotChangeTheClusterAtOnce(t *testing.T) {
	// Not parallel: the lock is the machine's.
	unlock, err := lock()
	if errors.Is(err, ErrBusy) {
		t.Skip("a cluster is being started or ended on this machine")
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock(); !errors.Is(err, ErrBusy) {
		t.Errorf("a second lock gives %v, want ErrBusy", err)
	}
	unlock()
	again, err := lock()
	if err != nil {
		t.Fatalf("the lock cannot be taken again: %v", err)
	}
	again()
}

func TestWithoutAClusterEverythingSaysSo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := &Cluster{Layout: layout.Layout{State: filepath.Join(dir, "s"), Run: filepath.Join(dir, "r"), Home: filepath.Join(dir, "h")}}
	if _, err := c.Status(t.Context()); !errors.Is(err, ErrDown) {
		t.Errorf("status: %v", err)
	}
	if err := c.LoadImage(t.Context(), "x.tar"); !errors.Is(err, ErrDown) {
		t.Errorf("load-image: %v", err)
	}
	if err := c.Exec([]string{"true"}); !errors.Is(err, ErrDown) {
		t.Errorf("exec: %v", err)
	}
}
