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
	"strings"
	"testing"
	"time"

	"github.com/posnet/posnet/node"
	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

// alone is the configuration of a node on free loopback ports.
func alone(t *testing.T, dir string) node.Config {
	t.Helper()
	cfg := node.DefaultConfig()
	cfg.DataDir, cfg.IP, cfg.APIPort, cfg.PeerPort, cfg.PrivatePort = dir, "127.0.0.1", 0, 0, 0
	cfg.Log = quiet()
	return cfg
}

// refused runs a node that must not start, and returns what it says.
func refused(t *testing.T, cfg node.Config) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err := node.Run(ctx, cfg)
	if err == nil {
		t.Fatal("the node ran, it had to refuse to start")
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("the error is not one line: %q", err)
	}
	return err.Error()
}

func mustContain(t *testing.T, got string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(got, w) {
			t.Errorf("the error does not say %q: %s", w, got)
		}
	}
}

func TestADataDirectoryOfAnotherGenesisIsRefused(t *testing.T) {
	t.Parallel()
	net := newTestNet(t, 1, nil)
	net.start(0)
	net.transfer(0, 1)
	net.stop(0)
	other := newTestNet(t, 1, nil)
	cfg := alone(t, net.dirs[0])
	cfg.Genesis = other.file
	mustContain(t, refused(t, cfg), net.genesis.Hash().String(), other.genesis.Hash().String(), "another --data-dir")
}

func TestAKeyWithoutSignStateIsRefused(t *testing.T) {
	t.Parallel()
	net := newTestNet(t, 1, nil)
	if err := os.Remove(filepath.Join(net.dirs[0], "validator", "sign-state")); err != nil {
		t.Fatal(err)
	}
	cfg := alone(t, net.dirs[0])
	cfg.Genesis = net.file
	mustContain(t, refused(t, cfg), "sign-state")
}

func TestLostKeysOfARunningNetworkAreNotReplaced(t *testing.T) {
	t.Parallel()
	net := newTestNet(t, 1, nil)
	net.start(0)
	net.stop(0)
	if err := os.RemoveAll(filepath.Join(net.dirs[0], "validator")); err != nil {
		t.Fatal(err)
	}
	mustContain(t, refused(t, alone(t, net.dirs[0])), "restore", "empty data directory")
}

func TestALostAccountOrNodeKeyOfARunningNetworkIsNotReplaced(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"account.pem", "node.pem"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			net := newTestNet(t, 1, nil)
			net.start(0)
			net.stop(0)
			lost := filepath.Join(net.dirs[0], name)
			if err := os.Remove(lost); err != nil {
				t.Fatal(err)
			}
			mustContain(t, refused(t, alone(t, net.dirs[0])), lost, "restore", "empty data directory")
			if _, err := os.Stat(lost); !os.IsNotExist(err) {
				t.Errorf("%s: %v; nothing may be there", lost, err)
			}
		})
	}
}

func TestADamagedGenesisIsRefusedWithItsPlace(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "genesis.json")
	if err := os.WriteFile(file, []byte(`{"chainID": "x", "surprise": 1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := alone(t, t.TempDir())
	cfg.Genesis = file
	mustContain(t, refused(t, cfg), file, "surprise")
}

func TestTwoProcessesCannotShareADataDirectory(t *testing.T) {
	t.Parallel()
	net := newTestNet(t, 1, nil)
	net.start(0)
	cfg := alone(t, net.dirs[0])
	mustContain(t, refused(t, cfg), "in use")
}

func TestAnImpossibleConfigurationIsRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*node.Config)
		want   string
	}{
		"no data directory":     {func(c *node.Config) { c.DataDir = "" }, "--data-dir"},
		"an IP that is none":    {func(c *node.Config) { c.IP = "localhost" }, "--ip"},
		"a port out of range":   {func(c *node.Config) { c.APIPort = 70000 }, "--api-port"},
		"a seed without a port": {func(c *node.Config) { c.Peers = []string{"host"} }, "--peers"},
		"no genesis":            {func(*node.Config) {}, "--genesis"},
		"a missing genesis":     {func(c *node.Config) { c.Genesis = "/nowhere/genesis.json" }, "/nowhere/genesis.json"},
		"a missing key":         {func(c *node.Config) { c.KeyFile = "/nowhere/key.pem" }, "/nowhere/key.pem"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := alone(t, t.TempDir())
			tc.change(&cfg)
			mustContain(t, refused(t, cfg), tc.want)
		})
	}
}

// A node that has a genesis and denied it, be it for a moment, could have
// another one made for its network.
func TestANodeShowsItsGenesisFromTheFirstAnswerOn(t *testing.T) {
	t.Parallel()
	net := newTestNet(t, 1, nil)
	net.start(0)
	net.stop(0)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cfg := alone(t, net.dirs[0])
	asked := false
	cfg.Listening = func(api string) { // before anything else is opened
		defer cancel()
		asked = true
		get := func(path string) (int, string) {
			resp, err := http.Get("http://" + api + "/api/v1/" + path)
			if err != nil {
				t.Error(err)
				return 0, ""
			}
			defer func() { _ = resp.Body.Close() }()
			b, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Error(err)
			}
			return resp.StatusCode, string(b)
		}
		if _, body := get("node"); !strings.Contains(body, net.genesis.Hash().String()) || !strings.Contains(body, `"Starting"`) {
			t.Errorf("node: %s", body)
		}
		if _, body := get("genesis"); !strings.Contains(body, net.genesis.ChainID) {
			t.Errorf("genesis: %s", body)
		}
		if status, body := get("status"); status != http.StatusServiceUnavailable || !strings.Contains(body, `"unavailable"`) {
			t.Errorf("status: %d %s", status, body)
		}
	}
	if err := node.Run(ctx, cfg); err != nil || !asked {
		t.Errorf("run: %v, asked %v", err, asked)
	}
}

func TestANodeThatWaitsForItsGenesisAttestsItsIdentity(t *testing.T) {
	t.Parallel()
	secret := bytes.Repeat([]byte{7}, 32)
	cfg := alone(t, t.TempDir())
	cfg.Genesis, cfg.AwaitGenesis = filepath.Join(t.TempDir(), "genesis.json"), true
	cfg.CeremonySecret, cfg.NetworkUID, cfg.Ordinal = secret, "uid-1", 2
	listening := make(chan string, 1)
	cfg.Listening = func(api string) { listening <- api }
	ready := make(chan node.Ports, 1)
	cfg.Ready = func(p node.Ports) { ready <- p }
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- node.Run(ctx, cfg) }()
	base := "http://" + <-listening + "/api/v1/"

	nonce := bytes.Repeat([]byte{9}, chain.NonceBytes)
	resp, err := http.Post(base+"node/attest", "application/json", strings.NewReader(fmt.Sprintf(`{"nonce":%q}`, hex.EncodeToString(nonce))))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var a chain.Attestation
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		t.Fatal(err)
	}
	if err := a.Check(secret, nonce); err != nil {
		t.Error(err)
	}
	if a.Check(secret, bytes.Repeat([]byte{8}, chain.NonceBytes)) == nil {
		t.Error("the attestation also answers another nonce")
	}
	id := a.Identity
	msg := chain.IdentityMessage(&id)
	for what, ok := range map[string]bool{
		"account":   keys.Verify(id.Address, msg, id.AccountProof),
		"consensus": keys.Verify(id.Keys.Consensus, msg, id.ConsensusProof),
		"VRF":       keys.Verify(id.Keys.VRF, msg, id.VRFProof),
		"node":      keys.Verify(id.Keys.Peer, msg, id.PeerProof),
	} {
		if !ok {
			t.Errorf("the proof of possession of the %s key is wrong", what)
		}
	}
	if id.NetworkUID != "uid-1" || id.Ordinal != 2 {
		t.Errorf("the identity names network %q and ordinal %d", id.NetworkUID, id.Ordinal)
	}

	g := &chain.Genesis{
		ChainID: "late", Time: uint64(time.Now().UnixMilli()), Params: chain.DefaultParams(),
		Validators: []chain.GenesisValidator{{Address: id.Address, Keys: id.Keys}},
		Bonds:      []chain.GenesisBond{{Staker: id.Address, Validator: id.Address, Amount: 5}},
	}
	file, err := g.MarshalFile()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cfg.Genesis+".new", file, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(cfg.Genesis+".new", cfg.Genesis); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ready:
	case err := <-done:
		t.Fatalf("the node ended: %v", err)
	case <-time.After(20 * time.Second):
		t.Fatal("the genesis is there and the node does not go on")
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
