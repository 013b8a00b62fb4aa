package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDevnetRefusesWhatCannotWorkBeforeItWritesAnything(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ says, args string }{
		{"--stake 0", "--stake 0"},
		{"--stake 1000000000000", "--stake 1000000000000"},
		{"--nodes 0", "--nodes 0"},
		{"--min-txs 0: it must be from 1", "--min-txs 0"},
		{"--set-delay 1: it must be from 2", "--set-delay 1"},
		{"--api-port 0", "--api-port 0"},
		{"--node-port 65533: each of 4 nodes", "--node-port 65533"},
		{"--private-port -1", "--private-port -1"},
		{"--debug-port 65535", "--debug-port 65535"},
		{"--api-port 8050 and --node-port 8053 overlap: 4 nodes would use ports 8050 to 8053 and 8053 to 8056", "--node-port 8053"},
		{"--api-port 8050 and --debug-port 8047 overlap", "--debug-port 8047"},
		{"--node-port 9000 and --private-port 9000 overlap", "--node-port 9000 --private-port 9000 --nodes 1"},
	} {
		dir := filepath.Join(t.TempDir(), "net")
		refused(t, c.says, append([]string{"devnet", "--data", dir}, strings.Fields(c.args)...)...)
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("devnet %s left %s behind", c.args, dir)
		}
	}
}

func TestDevnetTakesPortsThatOnlyTouch(t *testing.T) {
	t.Parallel()
	d := &devnet{apiPort: 8050, peerPort: 8054, privatePort: 65532, debugPort: 8046}
	if err := d.checkPorts(4); err != nil {
		t.Error(err)
	}
}
