package gossip

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/posnet/posnet/node/chain"
)

func TestFramesArriveInOrderAndWhole(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	b := connect(t, a)
	together(t, a, b)
	proposal := bytes.Repeat([]byte("block"), 200_000)
	a.Broadcast(FrameProposal, proposal)
	for i := range 500 {
		if !a.Send(b.ID(), FrameVote, fmt.Appendf(nil, "vote %d", i)) {
			t.Fatal("b is connected")
		}
	}
	b.Send(a.ID(), FrameEvidence, nil)
	eventually(t, "all frames are there", func() bool { return len(b.got()) == 501 && len(a.got()) == 1 })
	got := b.got()
	if got[0].kind != FrameProposal || !bytes.Equal(got[0].payload, proposal) || got[0].from != a.ID() {
		t.Fatalf("the proposal came as %s of %d bytes", got[0].kind, len(got[0].payload))
	}
	for i := range 500 {
		if want := fmt.Sprintf("vote %d", i); string(got[i+1].payload) != want {
			t.Fatalf("number %d: want %q, got %q", i, want, got[i+1].payload)
		}
	}
	if key, err := b.PeerKey(got[0].from); err != nil || key != a.key.Public() {
		t.Fatalf("the peer's key is its node key: %v, %v", key, err)
	}
}

func TestABusyDriverLosesFramesAndThatIsCounted(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	b := connect(t, a)
	together(t, a, b)
	b.mu.Lock()
	b.busy = true
	b.mu.Unlock()
	a.Broadcast(FrameVote, []byte("lost"))
	eventually(t, "the loss is counted", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.drops["vote in"] == 1
	})
}

func TestAPeerThatEndsIsReportedOnceAndFoundAgainWithAnotherPort(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	seed := a.api(t)
	key := newKey(t)
	again := func() *node { return startAs(t, key, func(c *Config) { c.Seeds = []string{seed} }) }
	b := again()
	together(t, a, b)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a knows that b is gone", func() bool { return len(a.up()) == 0 })
	b = again()
	together(t, a, b)
	a.Broadcast(FrameVote, []byte("welcome back"))
	eventually(t, "b hears a again", func() bool { return len(b.got()) == 1 })
	a.mu.Lock()
	defer a.mu.Unlock()
	if fmt.Sprint(a.events) != "[true false true]" {
		t.Fatalf("the driver must be told up, down, up; it was told %v", a.events)
	}
}

func TestARestartIsNoticedWhileTheOldConnectionSeemsAlive(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	b := connect(t, a)
	together(t, a, b)
	l := a.link(b.ID())
	eventually(t, "b said hello", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.boot == b.boot
	})
	// The same key from another process: for a the first connection is still there.
	c := startAs(t, b.key, func(c *Config) { c.Seeds = []string{a.api(t)} })
	eventually(t, "a speaks to the new process", func() bool {
		a.Broadcast(FrameVote, []byte("who is there?"))
		return len(c.got()) > 0
	})
	for _, conn := range a.host.Network().ConnsToPeer(b.ID()) {
		if ip, err := ipOf(conn.RemoteMultiaddr()); err != nil || !ip.IsLoopback() {
			t.Fatalf("a connection from elsewhere: %s", conn.RemoteMultiaddr())
		}
	}
}

func TestNodesOfTwoNetworksPart(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	stranger := start(t, func(c *Config) { c.Genesis[0]++ })
	if err := stranger.dial(t.Context(), a.host.Peerstore().PeerInfo(a.ID())); err != nil {
		t.Logf("refused at once: %v", err)
	}
	eventually(t, "one of them hangs up for the genesis", func() bool {
		return a.banned(OffenceWrongGenesis)+stranger.banned(OffenceWrongGenesis) > 0 && !a.connected(stranger.ID())
	})
	for _, n := range []*node{a, stranger} {
		n.mu.Lock()
		if len(n.events) != 0 || len(n.frames) != 0 {
			t.Errorf("a driver heard of a stranger: %v", n.events)
		}
		n.mu.Unlock()
	}
}

func TestPeersLearnPeers(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	b := connect(t, a)
	together(t, a, b)
	c := connect(t, a) // knows of a alone
	together(t, b, c)
	together(t, a, c)
	c.SetPeerHeight(b.ID(), 42)
	found := false
	for _, p := range c.Peers() {
		if p.ID == b.ID() {
			found = p.Key == b.key.Public() && p.Height == 42 && p.Addr != "" && !p.Since.IsZero()
		}
	}
	if !found {
		t.Fatalf("want b with its key, height and address among %+v", c.Peers())
	}
	eventually(t, "the way is measured", func() bool {
		for _, p := range c.Peers() {
			if p.Latency == 0 {
				return false
			}
		}
		return true
	})
}

func TestMaxPeersKeepsStrangersOutAndLetsPreferredIn(t *testing.T) {
	t.Parallel()
	friendKey := newKey(t)
	a := start(t, func(c *Config) {
		c.MaxPeers = 1
		c.Prefer = func(k chain.PublicKey) bool { return k == friendKey.Public() }
	})
	seed := a.api(t)
	b := start(t, func(c *Config) { c.Seeds = []string{seed} })
	together(t, a, b)
	stranger := start(t, nil)
	if err := stranger.dial(t.Context(), a.host.Peerstore().PeerInfo(a.ID())); err == nil {
		eventually(t, "the stranger is turned away", func() bool { return !stranger.connected(a.ID()) })
	}
	friend := startAs(t, friendKey, func(c *Config) { c.Seeds = []string{seed} })
	together(t, a, friend)
	if a.knows(stranger) {
		t.Fatal("the stranger got in")
	}
}
