package main

import (
	"github.com/spf13/cobra"

	"github.com/posnet/posnet/node/httpapi/client"
)

// addBenchFlags adds what all commands that measure share: --target, for which --node is another word, and --quiet.
func addBenchFlags(cmd *cobra.Command, r *remote) {
	f := cmd.PersistentFlags()
	node := f.Lookup("node")
	f.StringSliceVar(&r.nodes, "target", r.nodes, "`URL` of a node of the network to measure, or several with commas; POSNET_NODE sets the default")
	f.Lookup("target").DefValue = node.DefValue
	node.Usage = "the same as --target: the `URL`s of nodes"
	node.DefValue = ""
	cmd.MarkFlagsMutuallyExclusive("target", "node")
	f.Bool("quiet", false, "no progress")
}

// liveProgress is the line that tells how far a measurement is: on a terminal, and unless --quiet.
func liveProgress(cmd *cobra.Command) *progress {
	out := cmd.ErrOrStderr()
	quiet, _ := cmd.Flags().GetBool("quiet")
	return &progress{out: out, live: !quiet && isTerminal(out)}
}

// clients are of all nodes; close lets their connections go.
func (r *remote) clients() (all []*client.Client, closeAll func(), err error) {
	closeAll = func() {
		for _, c := range all {
			c.Close()
		}
	}
	for _, address := range r.nodes {
		c, err := client.New(address, nil)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		all = append(all, c)
	}
	return all, closeAll, nil
}
