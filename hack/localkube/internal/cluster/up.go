package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/posnet/posnet/hack/localkube/internal/build"
	"github.com/posnet/posnet/hack/localkube/internal/cgroup"
	"github.com/posnet/posnet/hack/localkube/internal/cleanup"
	"github.com/posnet/posnet/hack/localkube/internal/layout"
	"github.com/posnet/posnet/hack/localkube/internal/netplan"
	"github.com/posnet/posnet/hack/localkube/internal/preflight"
	"github.com/posnet/posnet/hack/localkube/internal/progress"
	"github.com/posnet/posnet/hack/localkube/internal/render"
)

// patience is how long a started cluster may take to become ready; a slow disk and one busy core need half of it.
const patience = 3 * time.Minute

// Up makes the cluster run. If it does already and is well, nothing is changed.
func (c *Cluster) Up(ctx context.Context) error {
	unlock, err := lock()
	if err != nil {
		return err
	}
	defer unlock()
	if status, err := c.Status(ctx); err == nil && status.Healthy() {
		if err := c.writeHome(); err != nil {
			return err
		}
		c.Report.Say("the local cluster is already running and healthy: nothing to do")
		c.hint()
		return nil
	} else if err == nil {
		c.Report.Say("a cluster is there and not healthy (%s): it is made anew", status.Trouble())
	}
	binaries, err := c.prepare(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := c.clear(ctx); err != nil {
		return err
	}
	if err := c.start(ctx, binaries); err != nil {
		if ctx.Err() != nil {
			_, cleaned := cleanup.All(c.Layout)
			return fmt.Errorf("interrupted, and what was started is gone again (%w)", errors.Join(ctx.Err(), cleaned))
		}
		return fmt.Errorf("%w\n(the logs are in %s; localkube down removes what was started)", err, c.Layout.Logs())
	}
	c.Report.Say("the local cluster is ready, %.1fs after its start", time.Since(began).Seconds())
	c.hint()
	return nil
}

func (c *Cluster) hint() {
	c.Report.Say("  export KUBECONFIG=%s\n  %s get nodes", c.Layout.Kubeconfig(), c.Layout.Kubectl())
}

// prepare refuses a machine that cannot run a cluster, and installs and builds what is missing.
func (c *Cluster) prepare(ctx context.Context) (map[string]string, error) {
	cache, err := build.CacheDir()
	if err != nil {
		return nil, err
	}
	builder := build.Builder{Source: c.Source, Cache: cache}
	_, missing, err := builder.Missing()
	if err != nil {
		return nil, err
	}
	facts := preflight.Gather(c.Layout.State, cache, len(missing) > 0)
	if plan, err := c.plan(); err == nil {
		// What a cluster of ours that is about to be cleared holds is not taken.
		facts.Taken = slices.DeleteFunc(facts.Taken, plan.Block.Overlaps)
	}
	if err := preflight.Judge(facts); err != nil {
		return nil, err
	}
	if len(facts.Packages) > 0 {
		if err := preflight.Install(ctx, c.Report, facts.Packages); err != nil {
			return nil, err
		}
	}
	return builder.Ensure(ctx, c.Report)
}

// clear removes what an earlier run left.
func (c *Cluster) clear(ctx context.Context) error {
	found, err := cleanup.Scan(c.Layout)
	if err != nil || found.Nothing() {
		return err
	}
	return c.Report.Step(ctx, "clear what an earlier run left", func(context.Context, *progress.Step) error {
		_, err := cleanup.All(c.Layout)
		return err
	})
}

// start takes every step from a clean machine with all binaries to a ready cluster.
func (c *Cluster) start(ctx context.Context, binaries map[string]string) error {
	var in render.Input
	var alive <-chan error
	steps := []struct {
		name string
		run  func(context.Context, *progress.Step) error
	}{
		{"write certificates and configuration", func(context.Context, *progress.Step) (err error) {
			in, err = c.write(binaries)
			return err
		}},
		{"start the servers", func(ctx context.Context, s *progress.Step) (err error) {
			alive, err = c.launch(ctx, in.Plan)
			s.Detail("node address %s", in.Plan.Node)
			return err
		}},
		{"wait for the container runtime", func(ctx context.Context, s *progress.Step) error {
			return c.await(ctx, s, alive, "containerd", func(ctx context.Context) error { return c.loadPause(ctx, binaries["pause"]) })
		}},
		{"wait for the API server", func(ctx context.Context, s *progress.Step) error {
			return c.await(ctx, s, alive, "kube-apiserver", func(ctx context.Context) error { return c.apiReady(ctx, in.Plan) })
		}},
		{"apply roles, storage class and DNS service", func(ctx context.Context, s *progress.Step) error {
			return c.await(ctx, s, alive, "kube-apiserver", func(ctx context.Context) error { return c.bootstrap(ctx, in.Plan) })
		}},
		{"wait for the node", func(ctx context.Context, s *progress.Step) error {
			return c.await(ctx, s, alive, "kubelet", func(ctx context.Context) error { return c.nodeReady(ctx, in.Plan) })
		}},
		{"wait for cluster DNS", func(ctx context.Context, s *progress.Step) error {
			return c.await(ctx, s, alive, "coredns", func(ctx context.Context) error { return c.dnsAnswers(ctx, in.Plan) })
		}},
	}
	for _, s := range steps {
		if err := c.Report.Step(ctx, s.name, s.run); err != nil {
			return err
		}
	}
	return c.writeHome()
}

// await repeats try until it succeeds, the supervisor ends, or patience does. server is whose log will say why it does not.
func (c *Cluster) await(ctx context.Context, s *progress.Step, alive <-chan error, server string, try func(context.Context) error) error {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		err := try(ctx)
		if err == nil {
			s.Detail("")
			return nil
		}
		s.Detail("%.60s", strings.ReplaceAll(err.Error(), "\n", " "))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case ended := <-alive:
			return fmt.Errorf("the supervisor ended (%w): read %s", ended, c.Layout.Log("supervisor"))
		case <-deadline.C:
			return fmt.Errorf("not within %s: %w; read %s", patience, err, c.Layout.Log(server))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// choose fixes what the configuration depends on.
func (c *Cluster) choose() (render.Input, error) {
	in := render.Input{Layout: c.Layout, CNIBin: preflight.CNIBin(), Snapshotter: snapshotter(c.Layout.State)}
	var err error
	in.Plan, err = netplan.Choose(preflight.Gather(c.Layout.State, c.Layout.State, false).Taken)
	return in, err
}

// groups makes the control groups of the cluster.
func groups() error {
	trees, err := cgroup.Detect()
	if err != nil {
		return err
	}
	return trees.Create(layout.Cgroup, layout.ServersCgroup)
}

// writeAll writes files, making their directories; those that may hold keys are for root alone.
func writeAll(files map[string]string, mode os.FileMode) error {
	for path, text := range files {
		if err := writeFile(path, text, mode); err != nil {
			return err
		}
	}
	return nil
}
