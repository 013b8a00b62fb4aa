package gossip

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"github.com/posnet/posnet/node/chain"
)

// Bounds of an answer with peers.
const (
	maxKnown      = 64
	maxKnownAddrs = 4
	knownBytes    = 32 << 10
)

type peersAsk struct {
	_   struct{} `cbor:",toarray"`
	Max uint64
}

// known is a peer as told to others: where its process listens.
type known struct {
	_     struct{} `cbor:",toarray"`
	ID    []byte
	Addrs [][]byte // multiaddrs, without the peer id
}

// servePeers tells a peer whom else we are connected to.
func (n *Network) servePeers(s network.Stream) {
	var ask peersAsk
	n.serve(s, &ask, 16, func(w *bufio.Writer) error {
		var answer []known
		for _, id := range n.up() {
			if id == s.Conn().RemotePeer() {
				continue
			}
			if uint64(len(answer)) >= min(ask.Max, maxKnown) {
				break
			}
			k := known{ID: []byte(id)}
			for _, a := range n.host.Peerstore().Addrs(id) {
				if len(k.Addrs) < maxKnownAddrs && usable(a, true) {
					k.Addrs = append(k.Addrs, a.Bytes())
				}
			}
			if len(k.Addrs) > 0 {
				answer = append(answer, k)
			}
		}
		return writePart(w, chain.Encode(answer))
	})
}

// askPeers asks a peer whom it knows. What it says is a hint: the handshake proves who is there, and the bounds of the
// finder how much is dialled on its word.
func (n *Network) askPeers(ctx context.Context, id PeerID) ([]peer.AddrInfo, error) {
	s, done, err := n.ask(ctx, id, n.protos.peers, &peersAsk{Max: maxKnown})
	if err != nil {
		return nil, err
	}
	defer done()
	raw, err := readPart(s, bufio.NewReaderSize(s, 4096), knownBytes)
	var answer []known
	if err == nil {
		err = chain.Decode(raw, &answer, knownBytes)
	}
	if err == nil && len(answer) > maxKnown {
		err = fmt.Errorf("%w: %d peers", errOversized, len(answer))
	}
	if err != nil {
		if errors.Is(err, errOversized) || errors.Is(err, errMalformed) || errors.Is(err, chain.ErrEncoding) {
			n.Misbehaved(id, offenceOf(err))
		}
		return nil, fmt.Errorf("ask for peers: %w", err)
	}
	local := isLocal(s.Conn().RemoteMultiaddr())
	var out []peer.AddrInfo
	for _, k := range answer {
		if info, ok := k.info(local); ok {
			out = append(out, info)
		}
	}
	return out, nil
}

// info is k with the addresses that can be dialled. What names this machine is of use only from a peer on this machine.
func (k known) info(local bool) (peer.AddrInfo, bool) {
	id, err := peer.IDFromBytes(k.ID)
	if err != nil {
		return peer.AddrInfo{}, false
	}
	if _, err := KeyOf(id); err != nil {
		return peer.AddrInfo{}, false
	}
	info := peer.AddrInfo{ID: id}
	for _, raw := range k.Addrs {
		a, err := ma.NewMultiaddrBytes(raw)
		if err == nil && len(info.Addrs) < maxKnownAddrs && usable(a, local) {
			info.Addrs = append(info.Addrs, a)
		}
	}
	return info, len(info.Addrs) > 0
}

// usable reports whether a is an address this network dials: an IP, and TCP or QUIC, and nothing more.
func usable(a ma.Multiaddr, local bool) bool {
	if len(a) != 2 && len(a) != 3 {
		return false
	}
	ip, err := ipOf(a)
	if err != nil || ip.IsUnspecified() || ip.IsMulticast() || ip.IsLinkLocalUnicast() || (ip.IsLoopback() && !local) {
		return false
	}
	switch a[1].Code() {
	case ma.P_TCP:
		return len(a) == 2
	case ma.P_UDP:
		return len(a) == 3 && a[2].Code() == ma.P_QUIC_V1
	}
	return false
}

func ipOf(a ma.Multiaddr) (netip.Addr, error) {
	ip, err := manet.ToIP(a)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("read address: %w", err)
	}
	addr, ok := netip.AddrFromSlice(ip)
	if !ok {
		return netip.Addr{}, fmt.Errorf("read address %s: it has no IP", a)
	}
	return addr.Unmap(), nil
}

func isLocal(a ma.Multiaddr) bool {
	ip, err := ipOf(a)
	return err == nil && ip.IsLoopback()
}
