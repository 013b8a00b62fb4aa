package main

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// explain makes every command below cmd say what it takes when it is called
// wrongly, and what may be the matter when no node answers. Cobra alone counts
// arguments without naming them, and lets an unknown subcommand pass as a call
// for help.
func explain(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		if check := c.Args; check != nil {
			c.Args = func(c *cobra.Command, args []string) error {
				if check(c, args) != nil {
					return wrongArguments(c, args)
				}
				return nil
			}
		}
		if run := c.RunE; run != nil && c.Flag("node") != nil {
			c.RunE = func(c *cobra.Command, args []string) error {
				err := run(c, args)
				if errors.Is(err, syscall.ECONNREFUSED) {
					return fmt.Errorf("%w; does a node run there? --node URL or POSNET_NODE names another", err)
				}
				return err
			}
		}
		if c.HasSubCommands() && !c.Runnable() {
			c.RunE, c.DisableFlagsInUseLine = onlyHolds, true
		}
		explain(c)
	}
	cmd.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return fmt.Errorf("%w; %s", explainFlag(err), seeHelp(c)) })
}

// onlyHolds is what a command does that only holds others.
func onlyHolds(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return c.Help()
	}
	return fmt.Errorf("unknown command %q for %q; %s", args[0], c.CommandPath(), seeHelp(c))
}

// wrongArguments names what a command takes instead of args.
func wrongArguments(c *cobra.Command, args []string) error {
	wants, found := strings.CutPrefix(c.Use, c.Name()+" ")
	switch {
	case !found:
		return fmt.Errorf("%q takes flags only, not %q; %s", c.CommandPath(), args[0], seeHelp(c))
	case len(args) == 0:
		return fmt.Errorf("%q needs %s; %s", c.CommandPath(), wants, seeHelp(c))
	default:
		return fmt.Errorf("%q takes %s, not %s; %s", c.CommandPath(), wants, strings.Join(args, " "), seeHelp(c))
	}
}

func seeHelp(c *cobra.Command) string { return fmt.Sprintf("see '%s --help'", c.CommandPath()) }
