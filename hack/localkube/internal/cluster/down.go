package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/posnet/posnet/hack/localkube/internal/cleanup"
	"github.com/posnet/posnet/hack/localkube/internal/preflight"
	"github.com/posnet/posnet/hack/localkube/internal/progress"
)

// Down ends the cluster and removes all of it but the compiled binaries. It is an error if anything is left.
func (c *Cluster) Down(ctx context.Context) error {
	if os.Geteuid() != 0 {
		return errors.New("the cluster was started by root and only root can end it: run it with sudo")
	}
	unlock, err := lock()
	if err != nil {
		return err
	}
	defer unlock()
	found, err := cleanup.Scan(c.Layout)
	if err != nil {
		return err
	}
	if err := c.removeHome(); err != nil {
		return err
	}
	if found.Nothing() {
		c.Report.Say("no local cluster is running and nothing of one is left")
		return nil
	}
	return c.Report.Step(ctx, "end the local cluster", func(_ context.Context, s *progress.Step) error {
		found, err := cleanup.All(c.Layout)
		s.Detail("%d processes, nothing left", len(found.Processes)+1)
		return err
	})
}

func (c *Cluster) removeHome() error {
	l := c.Layout
	for _, path := range []string{l.Kubeconfig(), l.Kubectl(), filepath.Dir(l.Kubectl()), l.Home} {
		// The directories may hold what the user has put there.
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ENOTEMPTY) {
			return fmt.Errorf("remove the kubeconfig's directory: %w", err)
		}
	}
	return nil
}

// LoadImage gives the cluster the image in a docker-archive or OCI tar file.
func (c *Cluster) LoadImage(ctx context.Context, path string) error {
	if _, err := os.Stat(c.Layout.Containerd()); err != nil {
		return ErrDown
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("read the image: %w", err)
	}
	return c.Report.Step(ctx, "load image "+filepath.Base(path), func(ctx context.Context, _ *progress.Step) error {
		return c.importImage(ctx, path)
	})
}

func (c *Cluster) importImage(ctx context.Context, path string) error {
	ctr, err := preflight.Find("ctr")
	if err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, ctr, "--address", c.Layout.Containerd(), "--namespace", "k8s.io", "images", "import",
		"--snapshotter", snapshotter(c.Layout.State), path).CombinedOutput()
	if err != nil {
		return fmt.Errorf("the container runtime refuses image %s: %s: %w", path, strings.TrimSpace(string(out)), err)
	}
	return nil
}
