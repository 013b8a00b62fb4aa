package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/posnet/posnet/node/httpapi/client"
)

// remote are the flags of every command that asks a node.
type remote struct {
	nodes   []string
	output  string
	timeout time.Duration
}

const defaultNode = "http://127.0.0.1:8050"

func addRemoteFlags(cmd *cobra.Command) *remote {
	r := &remote{}
	f := cmd.PersistentFlags()
	address := defaultNode
	if v := os.Getenv("POSNET_NODE"); v != "" {
		address = v
	}
	f.StringSliceVar(&r.nodes, "node", []string{address}, "`URL` of the node to ask; POSNET_NODE sets the default")
	f.Lookup("node").DefValue = address // without the brackets of a list
	f.DurationVar(&r.timeout, "timeout", time.Minute, "how long to try at most")
	addOutputFlag(cmd, &r.output)
	return r
}

func addOutputFlag(cmd *cobra.Command, into *string) {
	cmd.PersistentFlags().StringVarP(into, "output", "o", "table", "table or json")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json"}, cobra.ShellCompDirectiveNoFileComp))
	before := cmd.PersistentPreRunE
	cmd.PersistentPreRunE = func(cmd *cobra.Command, args []string) error {
		if *into != "table" && *into != "json" {
			return fmt.Errorf("--output %q: use table or json", *into)
		}
		if before != nil {
			return before(cmd, args)
		}
		return nil
	}
}

func errNoNode(flag string) error {
	return fmt.Errorf("--%s is empty: give the URL of a node, like %s", flag, defaultNode)
}

// connect is a client of the first node and a context with the time limit.
func (r *remote) connect(cmd *cobra.Command) (*client.Client, context.Context, context.CancelFunc, error) {
	if len(r.nodes) == 0 {
		return nil, nil, nil, errNoNode("node")
	}
	c, err := client.New(r.nodes[0], nil)
	if err != nil {
		return nil, nil, nil, err
	}
	ctx, cancel := context.WithTimeoutCause(cmd.Context(), r.timeout,
		fmt.Errorf("no answer within --timeout %s", r.timeout))
	return c, ctx, cancel, nil
}

// ask runs one question of a query command and shows the answer.
func ask[T any](r *remote, cmd *cobra.Command, question func(context.Context, *client.Client) (T, error), show func(io.Writer, T)) error {
	c, ctx, cancel, err := r.connect(cmd)
	if err != nil {
		return err
	}
	defer cancel()
	defer c.Close()
	answer, err := question(ctx, c)
	if err != nil {
		return err
	}
	return render(cmd.OutOrStdout(), r.output, answer, show)
}

// render writes v as JSON, or as show does.
func render[T any](w io.Writer, output string, v T, show func(io.Writer, T)) error {
	if output == "json" {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(v)
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	show(t, v)
	return t.Flush()
}

// row writes one line of a table.
func row(w io.Writer, cells ...any) {
	for i, c := range cells {
		if i > 0 {
			_, _ = fmt.Fprint(w, "\t")
		}
		_, _ = fmt.Fprint(w, c)
	}
	_, _ = fmt.Fprintln(w)
}
