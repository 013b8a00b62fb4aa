package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/client"
	"github.com/posnet/posnet/node/keys"
)

// newKeyFile makes a key and returns its address.
func newKeyFile(path string) (chain.Address, error) {
	key, err := keys.Generate(nil)
	if err != nil {
		return chain.Address{}, err
	}
	return key.Public(), keys.SavePrivateFile(path, key)
}

// tell prints what there is and what to try.
func (d *devnet) tell(ctx context.Context, took time.Duration) {
	w := tabwriter.NewWriter(d.out, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "%s ready in %.1f s\n\n", plural(d.nodes, "node"), took.Seconds())
	row(w, "NODE", "API", "METRICS", "STAKE", "ADDRESS")
	for i := range d.nodes {
		address, stake := "-", "-"
		if c, err := client.New(d.url(i), nil); err == nil {
			if n, err := c.Node(ctx); err == nil {
				address, stake = n.Address.String(), pos(n.Stake)
			}
			c.Close()
		}
		row(w, fmt.Sprintf("n%d", i), d.url(i)+"/api/v1/docs/", fmt.Sprintf("http://127.0.0.1:%d/metrics", d.privatePort+i), stake, address)
	}
	_ = w.Flush()
	at := ""
	if d.apiPort != 8050 {
		at = " --node " + d.url(0)
	}
	self := os.Args[0] // as it was typed, on PATH or not
	bench := fmt.Sprintf("\n  %s bench --key-file %s --target %s", self, d.faucet(), d.targets())
	second := fmt.Sprintf("%s tx faucet %s/n0/account.pem 100 --key-file %s --wait%s", self, d.dir, d.faucet(), at)
	if d.params.MinTxs == 2 && d.params.MaxTxs == 2 && d.params.MaxIdle == 0 {
		second = fmt.Sprintf("%s sample --faucet-key %s --node %s", self, d.faucet(), d.targets())
		bench = "" // one transfer at a time makes no block of two
	}
	_, _ = io.WriteString(d.out, fmt.Sprintf(`
data        %s
logs        %s/n*.log
faucet key  %s

Try:
  %s query status%s
  %s
  %s query draw 1%s%s

Ctrl-C stops the network.
`, d.dir, d.dir, d.faucet(), self, at, second, self, at, bench))
}

// targets are the APIs of all nodes, as --target and --node take them.
func (d *devnet) targets() string {
	urls := make([]string, d.nodes)
	for i := range urls {
		urls[i] = d.url(i)
	}
	return strings.Join(urls, ",")
}
