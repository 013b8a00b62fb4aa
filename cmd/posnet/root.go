package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/posnet/posnet/node/telemetry"
)

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "posnet",
		Short: "A proof-of-stake node, and the tools around it",
		Long: `posnet is a node of a proof-of-stake network, and the tools around it: whole networks on this machine, keys,
transactions and queries.

Try it:
  posnet devnet                      a network of four validators on this machine
  posnet query status                how it is doing
  posnet query draw 1                who won the first lottery, and why`,
		Version:       telemetry.Build().Version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	// The original's flags had underscores; both are understood.
	root.SetGlobalNormalizationFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		return pflag.NormalizedName(strings.ReplaceAll(name, "_", "-"))
	})
	root.AddCommand(
		newNodeCommand(), newDevnetCommand(), newSampleCommand(),
		newInitCommand(), newGenesisCommand(), newKeysCommand(),
		newTxCommand(), newQueryCommand(), newBenchCommand(), newSimCommand(), newVersionCommand(),
	)
	explain(root)
	return root
}
