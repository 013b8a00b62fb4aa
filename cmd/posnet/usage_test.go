package main

import (
	"path/filepath"
	"testing"
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
