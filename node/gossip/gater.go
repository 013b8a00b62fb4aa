package gossip

import (
	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// gater decides who may connect: nobody who is banned, nobody without an Ed25519 key, and no more than there is room for.
type gater struct {
	jail      *jail
	cfg       Config
	connected func() int            // peers there are
	meets     func(id peer.ID) bool // whether this one is among them
}

func (g *gater) admits(id peer.ID) bool {
	key, err := KeyOf(id)
	if err != nil || g.jail.banned(id) {
		return false
	}
	n := g.connected()
	return n < g.cfg.MaxPeers || g.meets(id) || (n < 2*g.cfg.MaxPeers && g.cfg.Prefer(key))
}

// InterceptPeerDial implements connmgr.ConnectionGater.
func (g *gater) InterceptPeerDial(id peer.ID) bool { return g.admits(id) }

// InterceptAddrDial implements connmgr.ConnectionGater.
func (g *gater) InterceptAddrDial(peer.ID, ma.Multiaddr) bool { return true }

// InterceptAccept implements connmgr.ConnectionGater: who it is shows only after the handshake.
func (g *gater) InterceptAccept(network.ConnMultiaddrs) bool { return true }

// InterceptSecured implements connmgr.ConnectionGater.
func (g *gater) InterceptSecured(_ network.Direction, id peer.ID, _ network.ConnMultiaddrs) bool {
	return g.admits(id)
}

// InterceptUpgraded implements connmgr.ConnectionGater.
func (g *gater) InterceptUpgraded(network.Conn) (bool, control.DisconnectReason) { return true, 0 }
