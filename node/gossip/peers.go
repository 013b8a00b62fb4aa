package gossip

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/p2p/protocol/ping"

	"github.com/posnet/posnet/node/chain"
)

// measureEvery is how often the way to each peer is timed.
const measureEvery = 30 * time.Second

// Peer is what is known of a connected peer.
type Peer struct {
	ID      PeerID
	Key     chain.PublicKey // its node key, which the handshake proved
	Addr    string          // multiaddr of the other end of the connection
	Inbound bool            // it dialled us
	Since   time.Time
	Latency time.Duration // a round trip; 0 until measured
	Height  uint64        // what the driver said with SetPeerHeight; a claim
	Base    uint64        // the first height whose block it has; a claim, 1 until it makes one
}

// Peers lists the connected peers that the driver was told of, by peer id.
func (n *Network) Peers() []Peer {
	var out []Peer
	for _, id := range n.up() {
		l := n.link(id)
		key, err := KeyOf(id)
		if l == nil || err != nil {
			continue
		}
		p := Peer{
			ID: id, Key: key, Inbound: l.inbound(), Since: l.since,
			Latency: time.Duration(l.latency.Load()), Height: l.height.Load(), Base: max(l.base.Load(), 1),
		}
		if conns := n.host.Network().ConnsToPeer(id); len(conns) > 0 {
			p.Addr = conns[0].RemoteMultiaddr().String()
		}
		out = append(out, p)
	}
	return out
}

// SetPeerHeight notes the height a peer claims to be at.
func (n *Network) SetPeerHeight(id PeerID, height uint64) {
	if l := n.link(id); l != nil {
		l.height.Store(height)
	}
}

// up lists the peers the driver knows of, by peer id.
func (n *Network) up() []PeerID {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []PeerID
	for id, l := range n.links {
		if l.shown.Load() {
			out = append(out, id)
		}
	}
	slices.SortFunc(out, cmp.Compare[PeerID])
	return out
}

// measure times the way to each peer from time to time.
func (n *Network) measure() {
	for n.pause(measureEvery) {
		for _, id := range n.up() {
			n.ping(n.ctx, id)
		}
	}
}

func (n *Network) ping(ctx context.Context, id PeerID) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if !n.connected(id) {
		return
	}
	answers := ping.Ping(ctx, n.host, id)
	if r := <-answers; r.Error == nil {
		if l := n.link(id); l != nil {
			l.latency.Store(int64(r.RTT))
		}
	}
	cancel()
	for range answers { // until the library's goroutine has ended
	}
}
