package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/posnet/posnet/node/telemetry"
)

func newVersionCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Say what this binary is",
		Example: "  posnet version -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return render(cmd.OutOrStdout(), output, telemetry.Build(), func(w io.Writer, b telemetry.BuildInfo) {
				row(w, "version", b.Version)
				row(w, "revision", b.Revision)
				row(w, "go", b.GoVersion)
			})
		},
	}
	addOutputFlag(cmd, &output)
	return cmd
}
