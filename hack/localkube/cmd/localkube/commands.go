package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/posnet/posnet/hack/localkube/internal/build"
	"github.com/posnet/posnet/hack/localkube/internal/supervise"
)

func up(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "up",
		Short: "Start the cluster; does nothing if it runs and is healthy",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := o.open()
			if err != nil {
				return err
			}
			return c.Up(cmd.Context())
		},
	}
}

func down(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "End the cluster and remove all of it; fails if anything is left",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := o.open()
			if err != nil {
				return err
			}
			return c.Down(cmd.Context())
		},
	}
}

func status(o *options) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the servers and whether the cluster is healthy; fails if it is not",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := o.open()
			if err != nil {
				return err
			}
			s, err := c.Status(cmd.Context())
			if err != nil {
				return err
			}
			if output == "json" {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				if err := encoder.Encode(s); err != nil {
					return fmt.Errorf("write the status: %w", err)
				}
			} else {
				fmt.Fprint(cmd.OutOrStdout(), s)
			}
			if !s.Healthy() {
				return fmt.Errorf("the cluster is not healthy: localkube up makes it anew")
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	return cmd
}

func loadImage(o *options) *cobra.Command {
	return &cobra.Command{
		Use:     "load-image FILE",
		Short:   "Give the cluster an image from a docker-archive or OCI tar file",
		Example: "  localkube load-image posnet.tar",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := o.open()
			if err != nil {
				return err
			}
			return c.LoadImage(cmd.Context(), args[0])
		},
	}
}

func kubeconfig(o *options) *cobra.Command {
	var path bool
	cmd := &cobra.Command{
		Use:     "kubeconfig",
		Short:   "Print the kubeconfig, or where it is",
		Example: "  export KUBECONFIG=$(localkube kubeconfig --path)",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := o.open()
			if err != nil {
				return err
			}
			text, err := os.ReadFile(c.Layout.Kubeconfig())
			if err != nil {
				return fmt.Errorf("no kubeconfig (start the cluster with localkube up): %w", err)
			}
			if path {
				text = []byte(c.Layout.Kubeconfig() + "\n")
			}
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	}
	cmd.Flags().BoolVar(&path, "path", false, "print the path only")
	return cmd
}

func buildBinaries(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "build",
		Short: "Compile the cluster's binaries, if they are not, and start nothing",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := o.open()
			if err != nil {
				return err
			}
			cache, err := build.CacheDir()
			if err != nil {
				return err
			}
			paths, err := build.Builder{Source: c.Source, Cache: cache}.Ensure(cmd.Context(), c.Report)
			for _, t := range build.Targets {
				if err == nil {
					fmt.Fprintln(cmd.OutOrStdout(), paths[t.Name])
				}
			}
			return err
		},
	}
}

func run(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "exec -- PROGRAM [ARGUMENT...]",
		Short: "Run a program of this machine inside the cluster's network and mounts",
		Example: `  localkube exec -- ip route
  localkube exec -- ctr --address /run/posnet-localkube/containerd.sock --namespace k8s.io containers list`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := o.open()
			if err != nil {
				return err
			}
			return c.Exec(args)
		},
	}
}

// supervisor is what "up" starts; see package supervise.
func supervisor() *cobra.Command {
	return &cobra.Command{
		Use:    "supervise CONFIG",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			// The terminal that started the cluster is not its master.
			signal.Ignore(syscall.SIGHUP)
			config, err := supervise.Load(args[0])
			if err != nil {
				return err
			}
			return supervise.Run(cmd.Context(), config, os.Stdin, slog.New(slog.NewTextHandler(os.Stderr, nil)))
		},
	}
}
