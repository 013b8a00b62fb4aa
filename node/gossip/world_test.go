package gossip

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var testGenesis = chain.Sum([]byte("a network for tests"))

// patience is how long a test waits for what must come, however busy the machine is.
const patience = 60 * time.Second

// eventually waits until cond holds.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain until %s", what)
		case <-tick.C:
		}
	}
}

type heard struct {
	from PeerID
	frame
}

// node is a Network with a driver that writes down what it is told, and a pool that admits what starts with "tx".
type node struct {
	*Network
	key keys.PrivateKey

	mu     sync.Mutex
	frames []heard
	events []bool // of OnPeer
	busy   bool
	funded bool
	asked  map[string]int // how often a transaction was offered
	pool   map[string]bool
	order  []string
	bans   map[string]int
	drops  map[string]int
}

func newKey(t testing.TB) keys.PrivateKey {
	t.Helper()
	k, err := keys.Generate(nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// start runs a node on a free port of the loopback interface.
func start(t testing.TB, change func(*Config)) *node {
	t.Helper()
	return startAs(t, newKey(t), change)
}

func startAs(t testing.TB, key keys.PrivateKey, change func(*Config)) *node {
	t.Helper()
	n := &node{key: key, pool: map[string]bool{}, asked: map[string]int{}, bans: map[string]int{}, drops: map[string]int{}}
	cfg := Config{
		Key: key, Genesis: testGenesis, ListenIP: "127.0.0.1", MaxProposalBytes: 1 << 20,
		OnFrame: n.onFrame, OnPeer: n.onPeer, Admit: n.admitAll, Pending: func(bool) []Pending { return n.pending() }, Metrics: n,
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	if n.Network, err = New(cfg); err != nil {
		t.Fatalf("start node: %v", err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Errorf("close node: %v", err)
		}
	})
	return n
}

func (n *node) onFrame(from PeerID, kind FrameKind, payload []byte) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.busy {
		return false
	}
	n.frames = append(n.frames, heard{from, frame{kind, payload}})
	return true
}

func (n *node) onPeer(_ PeerID, up bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.events = append(n.events, up)
}

// admitAll is the pool: "tx…" is good, "bad…" has a wrong signature, "late…" is against the state, and so is
// "early…" until the node is funded.
func (n *node) admitAll(_ PeerID, raws [][]byte) []error {
	n.mu.Lock()
	defer n.mu.Unlock()
	errs := make([]error, len(raws))
	for i, raw := range raws {
		n.asked[string(raw)]++
		switch s := string(raw); {
		case n.pool[s]:
			errs[i] = ErrHeld
		case strings.HasPrefix(s, "tx"):
			n.pool[s] = true
			n.order = append(n.order, s)
		case strings.HasPrefix(s, "bad"):
			errs[i] = chain.Refuse(chain.RefusedSignature, "forged")
		case strings.HasPrefix(s, "early") && !n.funded:
			errs[i] = chain.Refuse(chain.RefusedBalance, "not funded yet")
		case strings.HasPrefix(s, "early"):
			n.pool[s] = true
			n.order = append(n.order, s)
		case strings.HasPrefix(s, "late"):
			errs[i] = chain.Refuse(chain.RefusedNonceUsed, "too late")
		default:
			errs[i] = errors.New("store is broken")
		}
	}
	return errs
}

func (n *node) pending() []Pending {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []Pending
	for _, s := range n.order {
		out = append(out, Pending{chain.Sum([]byte(s)), []byte(s)})
	}
	return out
}

// submit is a client's transaction.
func (n *node) submit(tx string) {
	n.admitAll("", [][]byte{[]byte(tx)})
	n.PublishTxs([]byte(tx))
}

func (n *node) has(tx string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.pool[tx]
}

func (n *node) got() []heard {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]heard{}, n.frames...)
}

func (n *node) SetConnected(int, int)       {}
func (n *node) Message(string, string, int) {}
func (n *node) Banned(reason string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.bans[reason]++
}
func (n *node) Dropped(kind, direction string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.drops[kind+" "+direction]++
}
func (n *node) banned(reason Offence) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.bans[string(reason)]
}

// api serves what GET /api/v1/node says of n and returns its host:port, a seed for others.
func (n *node) api(t testing.TB) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/node" {
			http.NotFound(w, r)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"genesisHash": n.cfg.Genesis.String(), "peerID": n.ID().String(), "p2pPort": n.Port(), "height": 1,
		})
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// connect makes a node that has the others as seeds.
func connect(t testing.TB, others ...*node) *node {
	t.Helper()
	return start(t, func(c *Config) {
		for _, o := range others {
			c.Seeds = append(c.Seeds, o.api(t))
		}
	})
}

// knows reports whether n was told of each of the others.
func (n *node) knows(others ...*node) bool {
	up := map[PeerID]bool{}
	for _, id := range n.up() {
		up[id] = true
	}
	for _, o := range others {
		if !up[o.ID()] {
			return false
		}
	}
	return true
}

func together(t testing.TB, a, b *node) {
	t.Helper()
	eventually(t, "two nodes know each other", func() bool { return a.knows(b) && b.knows(a) })
}
