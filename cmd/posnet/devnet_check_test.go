package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/posnet/posnet/node/chain"
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

func TestDevnetRefusesFlagsThatAKeptNetworkContradicts(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "net")
	made := &devnet{data: dir, nodes: 2, stake: 25 * chain.UnitsPerPOS, params: chain.DefaultParams(), out: io.Discard}
	if err := made.open(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ says, args string }{
		{"--nodes 3: the network that is kept in " + dir + " has 2, which stays", "--nodes 3"},
		{"--stake 26: the network that is kept", "--stake 26"},
		{"--max-idle 7s: the network that is kept", "--max-idle 7s"},
		{"--min-txs 9: the network that is kept", "--max-idle 7s --min-txs 9"}, // each is told
		{"--seed-roles true: the network that is kept", "--seed-roles"},
	} {
		refused(t, c.says, append([]string{"devnet", "--data", dir}, strings.Fields(c.args)...)...)
	}
	same := []string{"devnet", "--data", dir, "--nodes", "2", "--stake", "25", "--max-idle", (time.Duration(made.params.MaxIdle) * time.Millisecond).String(), "--api-port", "0"}
	if _, err := posnet(t, same...); err == nil || strings.Contains(err.Error(), "kept") || !strings.Contains(err.Error(), "--api-port") {
		t.Errorf("what the network has, and a port that is none: %v", err)
	}
}

func TestDevnetTakesPortsThatOnlyTouch(t *testing.T) {
	t.Parallel()
	d := &devnet{apiPort: 8050, peerPort: 8054, privatePort: 65532, debugPort: 8046}
	if err := d.checkPorts(4); err != nil {
		t.Error(err)
	}
}
