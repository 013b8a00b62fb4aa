package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/posnet/posnet/node/chain"
)

// devnetBalance is what the faucet and the treasury begin with each.
const devnetBalance = 1_000_000 * chain.UnitsPerPOS

// check refuses what no network could come of, before anything is written.
func (d *devnet) check() error {
	if d.nodes < 1 || d.nodes > maxDevnet {
		return fmt.Errorf("--nodes %d: from 1 to %d", d.nodes, maxDevnet)
	}
	if _, err := os.Stat(filepath.Join(d.data, "genesis.json")); d.data != "" && err == nil {
		return errors.Join(d.checkKept(), d.checkPorts(max(1, keptNodes(d.data))))
	}
	most := (chain.MaxSupply - 2*devnetBalance) / uint64(d.nodes)
	if d.stake == 0 || d.stake > most {
		return fmt.Errorf("--stake %s: from %s to %s POS for each of %s; without stake nobody could forge a block",
			chain.FormatPOS(d.stake), chain.FormatPOS(1), chain.FormatPOS(most), plural(d.nodes, "node"))
	}
	if err := d.params.Check(); err != nil {
		return nameFlag(err)
	}
	return d.checkPorts(d.nodes)
}

// checkKept refuses flags that the kept network does not have as they say: its nodes and its rules are in its genesis, and stay.
func (d *devnet) checkKept() error {
	g, err := readGenesisFile(filepath.Join(d.data, "genesis.json"))
	if err != nil {
		return err
	}
	nodes := keptNodes(d.data)
	is := map[string]string{"nodes": strconv.Itoa(nodes), "seed-roles": strconv.FormatBool(len(g.Bonds) < nodes)}
	if len(g.Bonds) > 0 {
		is["stake"] = amount{&g.Bonds[0].Amount}.String()
	}
	rules := pflag.NewFlagSet("", pflag.ContinueOnError)
	addParamFlags(rules, &g.Params)
	rules.VisitAll(func(f *pflag.Flag) { is[f.Name] = f.Value.String() })
	var all []error
	d.given.Visit(func(f *pflag.Flag) {
		if has, fixed := is[f.Name]; fixed && has != f.Value.String() {
			all = append(all, fmt.Errorf("--%s %s: the network that is kept in %s has %s, which stays; leave the flag out, or name another --data",
				f.Name, f.Value, d.data, has))
		}
	})
	return errors.Join(all...)
}

// nameFlag says which flag a rule of the chain was set by.
func nameFlag(err error) error {
	for rule, flag := range map[string]string{
		"minTxs": "min-txs", "maxTxs": "max-txs", "maxIdleMs": "max-idle", "minFee": "min-fee", "blockReward": "block-reward", "setDelay": "set-delay",
	} {
		if said, found := strings.CutPrefix(err.Error(), "params."+rule+" is "); found {
			return errors.New("--" + flag + " " + said)
		}
	}
	return err
}

// checkPorts refuses ports that are none, and such as two of the ranges share.
func (d *devnet) checkPorts(nodes int) error {
	type ports struct {
		flag  string
		first int
	}
	all := []ports{{"--api-port", d.apiPort}, {"--node-port", d.peerPort}, {"--private-port", d.privatePort}}
	if d.debugPort != 0 {
		all = append(all, ports{"--debug-port", d.debugPort})
	}
	last := func(p ports) int { return p.first + nodes - 1 }
	for i, p := range all {
		if p.first < 1 || last(p) > 65535 {
			return fmt.Errorf("%s %d: each of %s takes one port, from this one on: give 1 to %d", p.flag, p.first, plural(nodes, "node"), 65536-nodes)
		}
		for _, q := range all[:i] {
			if p.first <= last(q) && q.first <= last(p) {
				return fmt.Errorf("%s %d and %s %d overlap: %s would use ports %d to %d and %d to %d; choose first ports that are %d apart or more",
					q.flag, q.first, p.flag, p.first, plural(nodes, "node"), q.first, last(q), p.first, last(p), nodes)
			}
		}
	}
	return nil
}

// keptNodes counts the nodes of a network that is kept in a directory.
func keptNodes(dir string) (n int) {
	for n < maxDevnet {
		if _, err := os.Stat(filepath.Join(dir, "n"+strconv.Itoa(n))); err != nil {
			break
		}
		n++
	}
	return n
}
