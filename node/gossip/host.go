package gossip

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/gologshim"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	manage "github.com/libp2p/go-libp2p/p2p/net/connmgr"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	tls "github.com/libp2p/go-libp2p/p2p/security/tls"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/libp2p/go-libp2p/x/rate"
	yamuxconf "github.com/libp2p/go-yamux/v5"
	ma "github.com/multiformats/go-multiaddr"
)

const (
	dialTimeout   = 5 * time.Second
	keepAlive     = 10 * time.Second // a peer that is gone without a word is noticed after this and as much again
	streamWindow  = 2 << 20          // most bytes a peer may have under way on one stream
	connsPerPeer  = 8                // both sides may dial at once, over each transport
	streamsOfPeer = 64
)

// quiet makes the libraries below us log their errors through our handler, once for the process: they have globals.
var quiet sync.Once

// newHost makes the libp2p host: TCP and QUIC, TLS or Noise, and none of the services a public network would need.
func newHost(cfg Config, gate connmgr.ConnectionGater) (host.Host, error) {
	quiet.Do(func() {
		gologshim.SetDefaultHandler(onlyErrors{cfg.Log.Handler()})
		// quic-go writes to the standard logger when it may not enlarge the UDP buffers, which a pod never may.
		_ = os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true")
	})
	secret, err := secretOf(cfg.Key)
	if err != nil {
		return nil, err
	}
	limits, err := newLimits(cfg.MaxPeers)
	if err != nil {
		return nil, err
	}
	// The gater bounds connections; the manager is there for gossipsub, which keeps its notes on peers in it, and its own
	// bounds are out of reach.
	manager, err := manage.NewConnManager(8*cfg.MaxPeers, 16*cfg.MaxPeers)
	if err != nil {
		return nil, fmt.Errorf("make connection manager: %w", err)
	}
	mux := *yamux.DefaultTransport
	conf := (*yamuxconf.Config)(&mux)
	conf.MaxStreamWindowSize = streamWindow
	conf.KeepAliveInterval = keepAlive
	h, err := libp2p.New(
		libp2p.Identity(secret),
		libp2p.NoListenAddrs, // below, so that QUIC gets the port TCP got
		libp2p.Transport(tcp.NewTCPTransport, tcp.DisableReuseport()),
		libp2p.Transport(quic.NewTransport),
		libp2p.Security(tls.ID, tls.New),
		libp2p.Security(noise.ID, noise.New),
		libp2p.Muxer(yamux.ID, &mux),
		libp2p.ResourceManager(limits),
		libp2p.ConnectionManager(manager),
		libp2p.ConnectionGater(gate),
		libp2p.SwarmOpts(swarm.WithDialRanker(tcpFirst)),
		libp2p.WithDialTimeout(dialTimeout),
		libp2p.UserAgent("posnet"),
		libp2p.DisableRelay(),
		libp2p.DisableMetrics(),
		libp2p.DisableIdentifyAddressDiscovery(),
		libp2p.NonPublicAddrPublishing(true),
		libp2p.UDPBlackHoleSuccessCounter(nil),
		libp2p.IPv6BlackHoleSuccessCounter(nil),
	)
	if err != nil {
		return nil, fmt.Errorf("make peer-to-peer host: %w", err)
	}
	return h, nil
}

// listen opens h to peers. Everything they may ask for must be there by then.
func listen(h host.Host, ip string, port int) error {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return fmt.Errorf("listen IP: %w", err)
	}
	on := tcpAddr(addr, port)
	if err := h.Network().Listen(on); err != nil {
		return fmt.Errorf("listen for peers on %s: %w", on, err)
	}
	if port, err = portOf(h); err != nil {
		return err
	}
	on = quicAddr(addr, port)
	if err := h.Network().Listen(on); err != nil {
		return fmt.Errorf("listen for peers on %s: %w", on, err)
	}
	return nil
}

// portOf returns the TCP port h listens on.
func portOf(h host.Host) (int, error) {
	for _, a := range h.Network().ListenAddresses() {
		if p, err := a.ValueForProtocol(ma.P_TCP); err == nil {
			return strconv.Atoi(p)
		}
	}
	return 0, fmt.Errorf("listen for peers: no TCP address in %v", h.Network().ListenAddresses())
}

func tcpAddr(ip netip.Addr, port int) ma.Multiaddr {
	return ma.StringCast(fmt.Sprintf("/%s/%s/tcp/%d", family(ip), ip.WithZone(""), port))
}

func quicAddr(ip netip.Addr, port int) ma.Multiaddr {
	return ma.StringCast(fmt.Sprintf("/%s/%s/udp/%d/quic-v1", family(ip), ip.WithZone(""), port))
}

func family(ip netip.Addr) string {
	if ip.Is4() {
		return "ip4"
	}
	return "ip6"
}

// tcpFirst dials TCP at once and QUIC where that does not answer: between pods the kernel's TCP takes less of the CPU than
// QUIC in user space, and votes are too small to gain from QUIC's streams.
func tcpFirst(addrs []ma.Multiaddr) []network.AddrDelay {
	out := make([]network.AddrDelay, 0, len(addrs))
	for _, a := range addrs {
		delay := time.Duration(0)
		if _, err := a.ValueForProtocol(ma.P_UDP); err == nil {
			delay = 250 * time.Millisecond
		}
		out = append(out, network.AddrDelay{Addr: a, Delay: delay})
	}
	return out
}

// newLimits bounds what all peers and each of them may make us hold.
func newLimits(maxPeers int) (network.ResourceManager, error) {
	conns := 2*maxPeers*2 + 64 // preferred peers count twice, and each may hold two
	perPeer := rcmgr.ResourceLimits{
		Conns: connsPerPeer, ConnsInbound: connsPerPeer, ConnsOutbound: connsPerPeer, FD: connsPerPeer,
		Streams: 2 * streamsOfPeer, StreamsInbound: streamsOfPeer, StreamsOutbound: streamsOfPeer,
		Memory: 32 << 20,
	}
	all := rcmgr.ResourceLimits{
		Conns: rcmgr.LimitVal(conns), ConnsInbound: rcmgr.LimitVal(conns), ConnsOutbound: rcmgr.LimitVal(conns), FD: rcmgr.LimitVal(conns),
		Streams: rcmgr.LimitVal(conns * 32), StreamsInbound: rcmgr.LimitVal(conns * 16), StreamsOutbound: rcmgr.LimitVal(conns * 16),
		Memory: 512 << 20,
	}
	handshaking := all
	handshaking.Conns, handshaking.ConnsInbound, handshaking.FD = 64, 32, 64
	handshaking.Memory = 64 << 20
	partial := rcmgr.PartialLimitConfig{
		System: all, Transient: handshaking, PeerDefault: perPeer, ProtocolPeerDefault: perPeer, ServicePeerDefault: perPeer,
		ProtocolDefault: all, ServiceDefault: all,
	}
	// Pods of a test network may share one address, and everything here comes from few: what counts is the number of
	// peers, which the gater bounds. The rate keeps handshakes, the dearest thing a stranger can ask for, affordable.
	m, err := rcmgr.NewResourceManager(
		rcmgr.NewFixedLimiter(partial.Build(rcmgr.InfiniteLimits)),
		rcmgr.WithMetricsDisabled(),
		rcmgr.WithLimitPerSubnet(
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 32, ConnCount: math.MaxInt}},
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 64, ConnCount: math.MaxInt}}),
		rcmgr.WithConnRateLimiters(&rate.Limiter{GlobalLimit: rate.Limit{RPS: 50, Burst: 4 * maxPeers}}),
	)
	if err != nil {
		return nil, fmt.Errorf("bound peer-to-peer resources: %w", err)
	}
	return m, nil
}

// onlyErrors passes on what a library calls an error. Less says nothing to an operator of a node.
type onlyErrors struct{ slog.Handler }

func (h onlyErrors) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelError && h.Handler.Enabled(ctx, l)
}
func (h onlyErrors) WithAttrs(a []slog.Attr) slog.Handler { return onlyErrors{h.Handler.WithAttrs(a)} }
func (h onlyErrors) WithGroup(n string) slog.Handler      { return onlyErrors{h.Handler.WithGroup(n)} }
