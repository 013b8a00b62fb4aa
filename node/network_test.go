package node_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/posnet/posnet/node"
	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/telemetry"
)

// testNet is a network of real nodes in this process, on loopback.
type testNet struct {
	t       *testing.T
	genesis *chain.Genesis
	file    string
	faucet  keys.PrivateKey
	dirs    []string
	nodes   []*testNode
	tune    func(i int, cfg *node.Config) // nil: nothing to change
}

type testNode struct {
	ports  node.Ports
	cancel context.CancelFunc
	done   chan error
}

func quiet() *telemetry.Logging {
	return telemetry.NewLogging(telemetry.LogOptions{Output: io.Discard, Service: "test"})
}

func newTestNet(t *testing.T, n int, tune func(*chain.Params)) *testNet {
	t.Helper()
	net := &testNet{t: t, faucet: keys.FromSeed(chain.Sum([]byte(t.Name())))}
	params := chain.DefaultParams()
	params.MinFee = 0
	if tune != nil {
		tune(&params)
	}
	g := &chain.Genesis{ChainID: "test", Time: uint64(time.Now().UnixMilli()), Params: params,
		Accounts: []chain.GenesisAccount{{Address: net.faucet.Public(), Balance: 1 << 50}}}
	for range n {
		dir := t.TempDir()
		cfg := node.DefaultConfig()
		cfg.DataDir = dir
		id, err := node.OpenIdentity(&cfg, quiet().Logger)
		if err != nil {
			t.Fatal(err)
		}
		g.Validators = append(g.Validators, chain.GenesisValidator{Address: id.Public.Address, Keys: id.Public.Keys})
		if err := id.Close(); err != nil {
			t.Fatal(err)
		}
		net.dirs = append(net.dirs, dir)
	}
	slices.SortFunc(g.Validators, func(a, b chain.GenesisValidator) int { return bytes.Compare(a.Address[:], b.Address[:]) })
	for _, v := range g.Validators {
		g.Bonds = append(g.Bonds, chain.GenesisBond{Staker: net.faucet.Public(), Validator: v.Address, Amount: 100})
	}
	net.genesis = g
	file, err := g.MarshalFile()
	if err != nil {
		t.Fatal(err)
	}
	net.file = filepath.Join(t.TempDir(), "genesis.json")
	if err := os.WriteFile(net.file, file, 0o600); err != nil {
		t.Fatal(err)
	}
	net.nodes = make([]*testNode, n)
	return net
}

// start runs node i, with those that run as its seeds, until it is ready.
func (net *testNet) start(i int) {
	net.t.Helper()
	cfg := node.DefaultConfig()
	cfg.DataDir, cfg.Genesis = net.dirs[i], net.file
	cfg.IP, cfg.APIPort, cfg.PeerPort, cfg.PrivatePort = "127.0.0.1", 0, 0, 0
	cfg.Log = quiet()
	for _, n := range net.nodes {
		if n != nil {
			cfg.Peers = append(cfg.Peers, fmt.Sprintf("127.0.0.1:%d", n.ports.API))
		}
	}
	if net.tune != nil {
		net.tune(i, &cfg)
	}
	ready := make(chan node.Ports, 1)
	cfg.Ready = func(p node.Ports) { ready <- p }
	ctx, cancel := context.WithCancel(context.Background())
	n := &testNode{cancel: cancel, done: make(chan error, 1)}
	go func() { n.done <- node.Run(ctx, cfg) }()
	select {
	case n.ports = <-ready:
	case err := <-n.done:
		net.t.Fatalf("node %d ended before it was ready: %v", i, err)
	case <-time.After(30 * time.Second):
		net.t.Fatalf("node %d is not ready after 30 s", i)
	}
	net.nodes[i] = n
	net.t.Cleanup(func() { net.stop(i) })
}

// stop ends node i as SIGTERM would, and sees that it ends cleanly in time.
func (net *testNet) stop(i int) {
	n := net.nodes[i]
	if n == nil {
		return
	}
	net.nodes[i] = nil
	n.cancel()
	select {
	case err := <-n.done:
		if err != nil {
			net.t.Errorf("node %d: %v", i, err)
		}
	case <-time.After(node.Stop):
		net.t.Errorf("node %d has not ended %s after it was told to", i, node.Stop)
	}
}

func (net *testNet) get(i int, path string, into any) int {
	net.t.Helper()
	resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/api/v1/%s", net.nodes[i].ports.API, path))
	if err != nil {
		net.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		net.t.Fatalf("GET %s: %v", path, err)
	}
	return resp.StatusCode
}

func (net *testNet) height(i int) uint64 {
	var s struct{ Height uint64 }
	net.get(i, "status", &s)
	return s.Height
}

// transfer sends one unit from the faucet and waits until it is final.
func (net *testNet) transfer(i int, nonce uint64) (id string, took time.Duration) {
	net.t.Helper()
	tx := chain.Tx{Kind: chain.TxTransfer, From: net.faucet.Public(), Nonce: nonce, To: net.genesis.Validators[0].Address, Amount: 1}
	raw := chain.Encode(&chain.SignedTx{Tx: tx, Signature: net.faucet.Sign(chain.TxMessage(net.genesis.Hash(), &tx))})
	body, err := json.Marshal(map[string]string{"transaction": hex.EncodeToString(raw)})
	if err != nil {
		net.t.Fatal(err)
	}
	began := time.Now()
	resp, err := http.Post(fmt.Sprintf("http://127.0.0.1:%d/api/v1/transaction/create?wait=final&timeout=30s", net.nodes[i].ports.API), "application/json", bytes.NewReader(body))
	if err != nil {
		net.t.Fatal(err)
	}
	defer resp.Body.Close()
	took = time.Since(began)
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		net.t.Fatalf("transfer with nonce %d: %d %s %v", nonce, resp.StatusCode, answer, err)
	}
	return tx.ID().String(), took
}

// eventually waits for a condition.
func (net *testNet) eventually(what string, ok func() bool) {
	net.t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
		if ok() {
			tick.Stop()
			return
		}
		if time.Now().After(deadline) {
			tick.Stop()
			net.t.Fatalf("not so after 60 s: %s", what)
		}
	}
}

func TestFourNodesFinaliseTransfersAndSurviveTheLossOfOne(t *testing.T) {
	t.Parallel()
	net := newTestNet(t, 4, nil)
	for i := range 4 {
		net.start(i)
	}
	net.eventually("every node has the first block", func() bool {
		return !slices.ContainsFunc([]int{0, 1, 2, 3}, func(i int) bool { return net.height(i) == 0 })
	})
	var times []time.Duration
	for nonce := uint64(1); nonce <= 10; nonce++ {
		_, took := net.transfer(int(nonce)%4, nonce)
		times = append(times, took)
	}
	slices.Sort(times)
	t.Logf("time to finality: median %s, longest %s", times[len(times)/2], times[len(times)-1])

	net.stop(3)
	for nonce := uint64(11); nonce <= 15; nonce++ {
		net.transfer(int(nonce)%3, nonce)
	}
	at := net.height(0)
	net.start(3)
	net.eventually("the node that was away caught up", func() bool { return net.height(3) >= at })
	if id, _ := net.transfer(3, 16); id == "" {
		t.Error("no id")
	}

	for i := range 4 {
		net.stop(i)
	}
	for i := range 4 {
		net.start(i)
	}
	if got := net.height(0); got < at {
		t.Errorf("after all nodes stopped the chain is at height %d, it was at %d", got, at)
	}
	net.transfer(2, 17)
}
