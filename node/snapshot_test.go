package node_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node"
	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/gossip"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/signer"
	"github.com/posnet/posnet/node/snapshot"
)

// busy is a network of three validators with some blocks, and room for one node more.
func busy(t *testing.T, blocks uint64) *testNet {
	t.Helper()
	net := newTestNet(t, 3, func(p *chain.Params) { p.MaxIdle = 200 })
	for i := range 3 {
		net.start(i)
	}
	for nonce := uint64(1); net.height(0) < blocks; nonce++ {
		net.transfer(int(nonce)%3, nonce)
	}
	net.dirs, net.nodes = append(net.dirs, t.TempDir()), append(net.nodes, nil)
	return net
}

type aBlock struct {
	Height uint64
	Hash   string
}

type anError struct {
	Error struct{ Code, Message string }
}

type aNode struct {
	FirstHeight, Height    uint64
	State, Reason, Message string
}

// trusting has the last node trust the block of a height.
func (net *testNet) trusting(height uint64) {
	var b aBlock
	if code := net.get(0, fmt.Sprint("blocks/", height), &b); code != http.StatusOK {
		net.t.Fatalf("block %d: %d", height, code)
	}
	last := len(net.nodes) - 1
	net.tune = func(i int, cfg *node.Config) {
		if i == last {
			cfg.TrustHeight, cfg.TrustHash = height, b.Hash
		}
	}
}

func TestANodeJoinsBySnapshotAmongLiars(t *testing.T) {
	t.Parallel()
	net := busy(t, 20)
	liar := newStateLiar(t, net)
	net.trusting(5)
	tune := net.tune
	net.tune = func(i int, cfg *node.Config) {
		if tune(i, cfg); i == 3 {
			cfg.Peers = append([]string{liar.api}, cfg.Peers...)
		}
	}
	net.start(3)
	var n aNode
	net.get(3, "node", &n)
	first := n.FirstHeight
	if first < 6 || first > n.Height {
		t.Fatalf("the node has blocks from %d to %d; it was to join by snapshot", first, n.Height)
	}
	net.eventually("the node that joined follows", func() bool { return net.height(3) >= net.height(0) && net.height(0) > first+5 })

	// Its history begins with the snapshot, and it says so.
	var e anError
	for _, path := range []string{"blocks/1", fmt.Sprint("blocks/", first-1), "blocks/1/draw", "validators?height=2"} {
		if code := net.get(3, path, &e); code != http.StatusGone || e.Error.Code != "pruned" || !strings.Contains(e.Error.Message, fmt.Sprint("begins at height ", first)) {
			t.Errorf("GET %s: %d %+v", path, code, e.Error)
		}
	}
	var page struct {
		Blocks []aBlock
		Next   *string
	}
	if code := net.get(3, fmt.Sprint("blockchain?limit=50&cursor=", first+2), &page); code != http.StatusOK || len(page.Blocks) != 3 || page.Next != nil {
		t.Errorf("the page that ends the list is %+v (%d), want three blocks and no next", page, code)
	}
	// The first block is whole, and its lottery can be drawn again.
	for h := first; h <= first+1; h++ {
		var mine, theirs struct {
			Seed, Reference, Winner string
		}
		if code := net.get(3, fmt.Sprintf("blocks/%d/draw", h), &mine); code != http.StatusOK {
			t.Errorf("draw of %d: %d", h, code)
		}
		if net.get(0, fmt.Sprintf("blocks/%d/draw", h), &theirs); mine != theirs {
			t.Errorf("draw of %d is %+v, others say %+v", h, mine, theirs)
		}
		var a, b aBlock
		net.get(3, fmt.Sprint("blocks/", h), &a)
		if net.get(0, fmt.Sprint("blocks/", h), &b); a != b || a.Hash == "" {
			t.Errorf("block %d is %+v, others have %+v", h, a, b)
		}
	}
	account := "accounts/" + chain.Address(net.faucet.Public()).String() + "?proof=true"
	var proven struct{ Proof *struct{ Tree string } }
	if code := net.get(3, account, &proven); code != http.StatusOK || proven.Proof == nil {
		t.Errorf("an account with its proof: %d %+v", code, proven)
	}

	// It is a node like any other: it takes transactions, starts again, and others catch up from it.
	net.transfer(3, net.nonce())
	net.stop(3)
	net.start(3)
	net.transfer(3, net.nonce())
	if net.get(3, "node", &n); n.FirstHeight != first {
		t.Errorf("after a restart the history begins at %d, it was %d", n.FirstHeight, first)
	}
	net.stop(1)
	net.start(1)
	net.eventually("a node that was away caught up", func() bool { return net.height(1) >= net.height(0) })
}

// nonce is the faucet's next.
func (net *testNet) nonce() uint64 {
	var a struct{ NextNonce uint64 }
	net.get(0, "accounts/"+chain.Address(net.faucet.Public()).String(), &a)
	return a.NextNonce
}

// A fresh node without a trusted block needs somebody who has all of the chain, and is told so.
func TestANodeThatNobodyHasTheFirstBlockForSaysSo(t *testing.T) {
	t.Parallel()
	net := busy(t, 8)
	net.trusting(3)
	net.start(3)
	net.tune = nil
	only := net.nodes[3].ports.API
	net.dirs, net.nodes = append(net.dirs, t.TempDir()), append(net.nodes, nil)
	for i := range 3 {
		net.stop(i) // the chain stands; its newest member holds all that is left
	}
	net.tune = func(_ int, cfg *node.Config) { cfg.Peers = []string{fmt.Sprint("127.0.0.1:", only)} }
	net.start(4)
	var n aNode
	net.eventually("the fresh node says what is the matter", func() bool {
		net.get(4, "node", &n)
		return n.Reason == "HistoryMissing" && strings.Contains(n.Message, "no connected peer has block 1")
	})
}

// refused runs the last node until it ends, and returns why.
func (net *testNet) refused(cfg node.Config) error {
	net.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- node.Run(ctx, cfg) }()
	err := <-done
	if ctx.Err() != nil {
		net.t.Fatalf("the node went on: %v", err)
	}
	return err
}

// A validator's keys without their sign-state must not sign: without the blocks nobody can tell what they signed before.
func TestABroughtKeyWithoutItsSignStateMayNotJoinBySnapshot(t *testing.T) {
	t.Parallel()
	net := busy(t, 8)
	from, to := net.dirs[2], net.dirs[3]
	net.stop(2)
	consensus, _, err := keys.LoadPrivateFile(filepath.Join(from, "validator", "consensus.pem"))
	if err != nil {
		t.Fatal(err)
	}
	vrf, _, err := keys.LoadPrivateFile(filepath.Join(from, "validator", "vrf.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if err := signer.Create(vfs.Default, filepath.Join(to, "validator"), consensus, vrf); err != nil {
		t.Fatal(err)
	}
	net.trusting(5)
	cfg := node.DefaultConfig()
	cfg.DataDir, cfg.Genesis, cfg.Log = to, net.file, quiet()
	cfg.IP, cfg.APIPort, cfg.PeerPort, cfg.PrivatePort = "127.0.0.1", 0, 0, 0
	cfg.Peers = []string{fmt.Sprint("127.0.0.1:", net.nodes[0].ports.API), fmt.Sprint("127.0.0.1:", net.nodes[1].ports.API)}
	net.tune(3, &cfg)
	if err := net.refused(cfg); err == nil || !strings.Contains(err.Error(), "sign-state is empty") {
		t.Errorf("the node ended with %v", err)
	}
}

// stateLiar is a peer that hands on what honest nodes offer, with another state.
type stateLiar struct {
	net  *gossip.Network
	api  string // of its identity
	mu   sync.Mutex
	lies int
}

func newStateLiar(t *testing.T, honest *testNet) *stateLiar {
	t.Helper()
	l := &stateLiar{}
	key := keys.FromSeed(chain.Sum([]byte("a liar")))
	var seeds []string
	for _, n := range honest.nodes {
		if n != nil {
			seeds = append(seeds, fmt.Sprint("127.0.0.1:", n.ports.API))
		}
	}
	var err error
	l.net, err = gossip.New(gossip.Config{
		Key: key, Genesis: honest.genesis.Hash(), ListenIP: "127.0.0.1", Seeds: seeds,
		OnFrame: func(gossip.PeerID, gossip.FrameKind, []byte) bool { return true },
		OnPeer:  func(gossip.PeerID, bool) {},
		Admit:   func(_ gossip.PeerID, raws [][]byte) []error { return make([]error, len(raws)) },
		Pending: func(bool) []gossip.Pending { return nil },
		Blocks:  l,
	})
	if err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"genesisHash":"%s","peerID":"%s","p2pPort":%d}`, honest.genesis.Hash(), l.net.ID(), l.net.Port())
	}))
	l.api = strings.TrimPrefix(api.URL, "http://")
	t.Cleanup(func() {
		api.Close()
		if err := l.net.Close(); err != nil {
			t.Error(err)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.lies == 0 {
			t.Log("the liar was not asked")
		}
	})
	return l
}

// honest asks an honest node for a part.
func (l *stateLiar) honest(part gossip.Part, height, index uint64) ([]byte, error) {
	for _, p := range l.net.Peers() {
		if b, err := l.net.FetchPart(context.Background(), p.ID, part, height, index, snapshot.MaxChunkBytes); err == nil && b != nil {
			return b, nil
		}
	}
	return nil, nil
}

func (l *stateLiar) Base() uint64           { return 1 }
func (l *stateLiar) Offer() ([]byte, error) { return l.honest(gossip.PartOffer, 0, 0) }

// Manifest lists another chunk in the place of the first.
func (l *stateLiar) Manifest(height uint64) ([]byte, error) {
	l.mu.Lock()
	l.lies++
	l.mu.Unlock()
	b, err := l.honest(gossip.PartManifest, height, 0)
	if len(b) > 600 || len(b) < 100 { // not here yet, or of many chunks
		return b, err
	}
	b[len(b)-1] ^= 1
	return b, err
}

func (l *stateLiar) Chunk(height, index uint64) ([]byte, error) {
	b, err := l.honest(gossip.PartChunk, height, index)
	if len(b) > 0 {
		b[len(b)-1] ^= 1
	}
	return b, err
}

func (l *stateLiar) Header(uint64, chain.Hash) (*gossip.Headed, error) { return nil, nil }

func (l *stateLiar) BlockAndCertificate(uint64) (block, cert []byte, err error) { return nil, nil, nil }

// A node that has a state goes on with it; if its user trusts another block than the chain has, it ends instead of following.
func TestANodeEndsAtABlockThatIsNotTheTrustedOne(t *testing.T) {
	t.Parallel()
	net := busy(t, 4)
	net.start(3)
	net.eventually("the follower has blocks", func() bool { return net.height(3) >= 4 })
	at := net.height(3)
	net.stop(3)
	net.eventually("the chain went on", func() bool { return net.height(0) > at+12 })
	cfg := node.DefaultConfig()
	cfg.DataDir, cfg.Log = net.dirs[3], quiet()
	cfg.IP, cfg.APIPort, cfg.PeerPort, cfg.PrivatePort = "127.0.0.1", 0, 0, 0
	cfg.Peers = []string{fmt.Sprint("127.0.0.1:", net.nodes[0].ports.API)}
	cfg.TrustHeight, cfg.TrustHash = at+8, chain.Sum([]byte("another chain")).String()
	if err := net.refused(cfg); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("block %d is", at+8)) || !strings.Contains(err.Error(), "--trust-hash") {
		t.Errorf("the node ended with %v", err)
	}
}

func TestATrustedBlockHasAHeightAndAHash(t *testing.T) {
	t.Parallel()
	good := chain.Sum([]byte("a block")).String()
	for name, c := range map[string]struct {
		height uint64
		hash   string
		ok     bool
	}{
		"neither":             {0, "", true},
		"both":                {7, good, true},
		"no hash":             {7, "", false},
		"no height":           {0, good, false},
		"half a hash":         {7, good[:32], false},
		"no hexadecimal hash": {7, strings.Repeat("x", 64), false},
		"a hash of zeros":     {7, strings.Repeat("0", 64), false},
	} {
		cfg := node.DefaultConfig()
		cfg.TrustHeight, cfg.TrustHash = c.height, c.hash
		if err := cfg.Check(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
