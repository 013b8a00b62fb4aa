package sim

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/signer"
	"github.com/posnet/posnet/node/sim/disk"
)

// build makes the nodes and their genesis.
func (w *World) build() error {
	if w.cfg.Nodes < 1 || w.cfg.Nodes > 200 {
		return fmt.Errorf("%d nodes: from 1 to 200 can be simulated", w.cfg.Nodes)
	}
	params := chain.DefaultParams()
	params.MinFee = 0
	if w.cfg.Params != nil {
		params = *w.cfg.Params
	}
	g := &chain.Genesis{ChainID: "sim", Time: epoch - 1000, Params: params}
	for i := range senders {
		g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: senderKey(w.cfg.Seed, i).Public(), Balance: 1 << 46})
	}
	g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: treasuryKey(w.cfg.Seed).Public(), Balance: 1 << 50})
	slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return bytes.Compare(a.Address[:], b.Address[:]) })
	for i := range w.cfg.Nodes + w.cfg.Followers {
		n, err := w.newNode(i)
		if err != nil {
			return err
		}
		if i < w.cfg.Nodes {
			g.Validators = append(g.Validators, n.public)
			// Unequal, but none with a third where there are four: the loss of any one must not stop the chain.
			n.Stake = w.between(900_000, 1_100_000)
			if i < len(w.cfg.Weights) {
				n.Stake = w.cfg.Weights[i]
			}
			g.Bonds = append(g.Bonds, chain.GenesisBond{Staker: senderKey(w.cfg.Seed, 0).Public(), Validator: n.public.Address, Amount: n.Stake})
		} else {
			n.wait = w.between(1, 20_000)
		}
	}
	slices.SortFunc(g.Validators, func(a, b chain.GenesisValidator) int { return bytes.Compare(a.Address[:], b.Address[:]) })
	slices.SortFunc(g.Bonds, func(a, b chain.GenesisBond) int { return bytes.Compare(a.Validator[:], b.Validator[:]) })
	w.genesis, w.genesisHash = g, g.Hash()
	return nil
}

// newNode makes a node with a fresh disk that has its keys.
func (w *World) newNode(i int) (*Node, error) {
	key := func(name string) keys.PrivateKey {
		return keys.FromSeed(chain.Sum([]byte(name), chain.Uint64(w.cfg.Seed), chain.Uint64(uint64(i))))
	}
	n := &Node{
		World: w, Index: i, Name: fmt.Sprintf("n%d", i), disk: disk.New(), claims: map[string]uint64{},
		Account: key("account"), Consensus: key("consensus"), VRF: key("vrf"), Peer: key("peer"),
	}
	n.public = chain.GenesisValidator{Address: n.Account.Public(), Keys: chain.ValidatorKeys{
		Consensus: n.Consensus.Public(), VRF: n.VRF.Public(), Peer: n.Peer.Public(),
	}}
	if err := signer.Create(n.disk, "validator", n.Consensus, n.VRF); err != nil {
		return nil, fmt.Errorf("node %d: %w", i, err)
	}
	w.add(n)
	return n, nil
}

func (w *World) add(n *Node) {
	w.nodes = append(w.nodes, n)
	w.byName[n.Name] = n
}
