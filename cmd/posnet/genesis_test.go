package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/posnet/posnet/node/chain"
)

func TestNetworkIsSetUpByHand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, n := range []string{"n0", "n1"} {
		first := must(t, "init", "--data-dir", at(n))
		if again := must(t, "init", "--data-dir", at(n)); again != first {
			t.Errorf("init again says %q, first %q", again, first)
		}
	}
	must(t, "keys", "generate", "--out", at("faucet.pem"))
	create := []string{"genesis", "create", "--validator", at("n0") + "=25", "--validator", filepath.Join(at("n1"), identityFile),
		"--account", at("faucet.pem") + "=1000.5", "--min-txs", "2", "--max-txs", "2", "--max-idle", "0", "--set-delay", "2", "--min-fee", "0.002"}
	out := must(t, append(create, "--out", at("genesis.json"))...)
	g, err := readGenesisFile(at("genesis.json"))
	if err != nil {
		t.Fatal(err)
	}
	p := g.Params
	if p.MinTxs != 2 || p.MaxTxs != 2 || p.MaxIdle != 0 || p.SetDelay != 2 || p.MinFee != 2000 {
		t.Errorf("params %+v", p)
	}
	if len(g.Validators) != 2 || len(g.Bonds) != 1 || g.Bonds[0].Amount != 25*chain.UnitsPerPOS || g.Accounts[0].Balance != 1_000_500_000 {
		t.Errorf("genesis %+v", g)
	}
	hash := strings.TrimSpace(must(t, "genesis", "hash", at("genesis.json")))
	shows(t, out, hash)
	shows(t, must(t, "genesis", "show", at("genesis.json")), hash, "1000.5 POS", "25 POS", "0.002 POS")
	refused(t, "exists", append(create, "--out", at("genesis.json"))...)

	refused(t, "nobody could forge", "genesis", "create", "--validator", at("n0"), "--out", at("g2.json"))
	refused(t, "posnet init", "genesis", "create", "--validator", at("n9")+"=1", "--out", at("g2.json"))
	refused(t, "ACCOUNT=POS", "genesis", "create", "--account", "x", "--out", at("g2.json"))
	refused(t, "not an address", "genesis", "create", "--account", "pos1x=5", "--out", at("g2.json"))
	b, err := os.ReadFile(filepath.Join(at("n1"), identityFile))
	if err != nil {
		t.Fatal(err)
	}
	forged := strings.Replace(string(b), `"ordinal": 0`, `"ordinal": 1`, 1)
	if err := os.WriteFile(at("forged.json"), []byte(forged), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, "was altered", "genesis", "create", "--validator", at("forged.json")+"=1", "--out", at("g2.json"))
}
