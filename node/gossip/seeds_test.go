package gossip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

func TestASeedNameStandsForAllItsAddresses(t *testing.T) {
	t.Parallel()
	// Two nodes behind one name and one API port, as pods behind a headless service.
	var apis [2]net.Listener
	for tries := 0; ; tries++ {
		var err error
		if apis[0], err = net.Listen("tcp", "127.0.0.2:0"); err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(apis[0].Addr().String())
		if apis[1], err = net.Listen("tcp", "127.0.0.3:"+port); err == nil {
			break
		}
		_ = apis[0].Close()
		if tries > 20 {
			t.Fatal(err)
		}
	}
	var nodes [2]*node
	for i, ip := range []string{"127.0.0.2", "127.0.0.3"} {
		nodes[i] = start(t, func(c *Config) { c.ListenIP = ip })
		n := nodes[i]
		s := &httptest.Server{Listener: apis[i], Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, `{"genesisHash":%q,"peerID":%q,"p2pPort":%d}`, testGenesis, n.ID(), n.Port())
		})}}
		s.Start()
		t.Cleanup(s.Close)
	}
	_, port, _ := net.SplitHostPort(apis[0].Addr().String())
	var mu sync.Mutex
	looked := 0
	c := start(t, func(c *Config) {
		c.Seeds = []string{"pods.example:" + port}
		c.Resolve = func(_ context.Context, host string) ([]netip.Addr, error) {
			mu.Lock()
			defer mu.Unlock()
			if looked++; host != "pods.example" || looked == 1 {
				return nil, errors.New("no such host yet")
			}
			return []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("::ffff:127.0.0.3")}, nil
		}
	})
	together(t, c, nodes[0])
	together(t, c, nodes[1])
	if got := c.finder.seeds.others(); got != 2 {
		t.Fatalf("want two addresses of others, got %d", got)
	}
}

func TestANodeKnowsItselfBehindASeed(t *testing.T) {
	t.Parallel()
	// A pod's own address is among those of the service, and its API answers only after it has started.
	var n *node
	ready := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-ready
		_, _ = fmt.Fprintf(w, `{"genesisHash":%q,"peerID":%q,"p2pPort":%d}`, testGenesis, n.ID(), n.Port())
	}))
	t.Cleanup(s.Close)
	n = start(t, func(c *Config) { c.Seeds = []string{s.Listener.Addr().String()} })
	close(ready)
	eventually(t, "it knows its own address", func() bool {
		n.finder.seeds.mu.Lock()
		defer n.finder.seeds.mu.Unlock()
		for _, seen := range n.finder.seeds.targets {
			if seen.id == n.ID() {
				return true
			}
		}
		return false
	})
	if n.finder.seeds.others() != 0 || len(n.up()) != 0 {
		t.Fatal("a node is no peer of itself")
	}
}

func TestAnswersOfSeedsAreTakenWithCare(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	id := mustID(t)
	good := fmt.Sprintf(`{"genesisHash":%q,"peerID":%q,"p2pPort":8010,"unknown":{"fields":["are","fine"]}}`, testGenesis, id)
	for _, c := range []struct {
		name, body string
		status     int
		ok         bool
	}{
		{"a good answer", good, 200, true},
		{"an error", good, 503, false},
		{"nothing", "", 200, false},
		{"a page", "<html>it works</html>", 200, false},
		{"a megabyte", good + strings.Repeat(" ", 1<<20), 200, false},
		{"a node before its genesis", fmt.Sprintf(`{"genesisHash":"","peerID":%q,"p2pPort":8010}`, id), 200, false},
		{"a node of another network", fmt.Sprintf(`{"genesisHash":"%064d","peerID":%q,"p2pPort":8010}`, 7, id), 200, false},
		{"a peer id that is none", fmt.Sprintf(`{"genesisHash":%q,"peerID":"me","p2pPort":8010}`, testGenesis), 200, false},
		{"a port that is none", fmt.Sprintf(`{"genesisHash":%q,"peerID":%q,"p2pPort":70000}`, testGenesis, id), 200, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			t.Cleanup(s.Close)
			addr := netip.MustParseAddrPort(s.Listener.Addr().String())
			got, port, err := n.finder.seeds.identify(t.Context(), target{addr.Addr(), fmt.Sprint(addr.Port())})
			if c.ok != (err == nil) || (c.ok && (got != id || port != 8010)) {
				t.Fatalf("want ok %t, got %q, %d, %v", c.ok, got, port, err)
			}
		})
	}
}

func TestHintsAreBoundedAndForgotten(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	gone := start(t, nil)
	info := peer.AddrInfo{ID: gone.ID(), Addrs: []ma.Multiaddr{tcpAddr(netip.MustParseAddr("127.0.0.1"), gone.Port())}}
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	n.finder.remember([]peer.AddrInfo{info})
	eventually(t, "a peer that is not there is forgotten", func() bool {
		n.finder.mu.Lock()
		defer n.finder.mu.Unlock()
		return len(n.finder.hints) == 0
	})
	full := newFinder(n.Network)
	for range maxHints + 10 {
		full.remember([]peer.AddrInfo{{ID: mustID(t)}})
	}
	if len(full.hints) > maxHints {
		t.Fatalf("%d hints are kept", len(full.hints))
	}
}
