package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/posnet/posnet/node/telemetry"
)

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "posnet",
		Short:         "A proof-of-stake node, and the tools around it",
		Version:       telemetry.Build().Version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	// The original's flags had underscores; both are understood.
	root.SetGlobalNormalizationFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		return pflag.NormalizedName(strings.ReplaceAll(name, "_", "-"))
	})
	root.AddCommand(newNodeCommand())
	return root
}
