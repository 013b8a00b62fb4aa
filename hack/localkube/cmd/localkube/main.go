// Command localkube runs a real, small Kubernetes on this machine: no Docker, no image registry, nothing left behind.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/posnet/posnet/hack/localkube/internal/cluster"
	"github.com/posnet/posnet/hack/localkube/internal/layout"
	"github.com/posnet/posnet/hack/localkube/internal/progress"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := root().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "localkube:", err)
		stop()
		os.Exit(1)
	}
}

// options are the flags of every command.
type options struct {
	repo string
}

func root() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "localkube",
		Short: "A real, small Kubernetes on this machine",
		Long: `localkube runs etcd, the Kubernetes control plane, a node with containerd, CoreDNS and a storage class on this
machine, inside one network namespace that reaches this machine and nothing else.`,
		Example: `  localkube up
  export KUBECONFIG=.localkube/kubeconfig
  .localkube/bin/kubectl get nodes
  localkube down`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.PersistentFlags().StringVar(&o.repo, "repo", ".", "a directory of the posnet repository; .localkube/ is made at its top")
	cmd.AddCommand(up(&o), down(&o), status(&o), loadImage(&o), kubeconfig(&o), buildImage(), buildBinaries(&o), run(&o), supervisor())
	return cmd
}

// open finds the repository and returns its cluster.
func (o *options) open() (*cluster.Cluster, error) {
	source, repo, err := cluster.FindSource(o.repo)
	if err != nil {
		return nil, err
	}
	return &cluster.Cluster{Layout: layout.New(repo), Source: source, Report: progress.New(os.Stderr)}, nil
}
