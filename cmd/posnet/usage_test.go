package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestAWrongCallIsToldWhatTheCommandTakes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, says string
		args       []string
	}{
		{"too few arguments", "takes ADDRESS|KEYFILE POS, not pos1x; see 'posnet tx transfer --help'", []string{"tx", "transfer", "pos1x"}},
		{"no argument", "needs HEIGHT; see 'posnet query draw --help'", []string{"query", "draw"}},
		{"an argument where there are only flags", `takes flags only, not "extra"`, []string{"node", "extra"}},
		{"an unknown flag", "unknown flag: --api-prot; see 'posnet node --help'", []string{"node", "--api-prot", "1"}},
		{"what is no number", `--rate "much" is no number: write it like 3000`, []string{"bench", "load", "--rate", "much"}},
		{"a time without a unit", `--duration "5" is no length of time: write it with its unit, like 500ms`, []string{"bench", "load", "--duration", "5"}},
		{"a part of a number", `--count "1.5" is no whole number`, []string{"bench", "-n", "1.5"}},
		{"a number below none", `--seed "-1" is no whole number of 0 or more`, []string{"sim", "--seed", "-1"}},
		{"a number that is too large", `--count "99999999999999999999" is too large`, []string{"bench", "--count", "99999999999999999999"}},
		{"what is no list", `--pid "a" is no list of whole numbers: write it like 4,7,13`, []string{"bench", "overload", "--pid", "a"}},
		{"what is no amount", `--stake "much": `, []string{"devnet", "--stake", "much"}},
		{"a rule that is no time", `--max-idle "much": write a time such as 500ms`, []string{"devnet", "--max-idle", "much"}},
		{"a peak below none", "--peak -1 must be from", []string{"bench", "overload", "--peak", "-1"}},
		{"nothing times the peak", "--times 0: more than 0", []string{"bench", "overload", "--times", "0"}},
		{"no time for the peak", "--measure 0s must be more than nothing", []string{"bench", "overload", "--measure", "0"}},
		{"too small a cache", "--cache-mib 5: from 16 to 1048576", []string{"node", "--cache-mib", "5"}},
		{"an unknown command of a group", `unknown command "blok" for "posnet query"; see 'posnet query --help'`, []string{"query", "blok"}},
		{"an unknown command", `unknown command "foo" for "posnet"`, []string{"foo"}},
		{"nobody at the address", "does a node run there? --node URL or POSNET_NODE", []string{"query", "status", "--node", "127.0.0.1:1"}},
		{"a receiver that is neither address nor file", "nor is it a key file here", []string{"tx", "transfer", "mum.pem", "1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			refused(t, c.says, c.args...)
		})
	}
}

func TestAGroupAloneShowsItsCommands(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"query", "tx", "keys", "genesis"} {
		shows(t, must(t, name), "posnet "+name+" [command]", "Available Commands")
	}
}

func TestAKeyFileStandsForItsAddress(t *testing.T) {
	t.Parallel()
	solo, url, faucet := served(t)
	alice := filepath.Join(t.TempDir(), "alice.pem")
	must(t, "keys", "generate", "--out", alice)
	must(t, "tx", "transfer", alice, "2", "--key-file", faucet, "--node", url)
	solo.Forge()
	shows(t, must(t, "query", "account", alice, "--node", url), "2 POS")
}

func TestHelpShowsNoEmptyDefault(t *testing.T) {
	t.Parallel()
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if help := c.UsageString(); strings.Contains(help, "(default )") || strings.Contains(help, "(default [])") {
			t.Errorf("%s: %s", c.CommandPath(), help)
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot())
}
