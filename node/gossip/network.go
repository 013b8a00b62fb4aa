package gossip

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"

	"github.com/posnet/posnet/node/chain"
)

// bootBytes is the length of what a process draws at its start, so that peers notice a restart.
const bootBytes = 8

// Network is a node among its peers. Make one with [New]; all methods are safe for concurrent use.
type Network struct {
	cfg    Config
	log    *slog.Logger
	host   host.Host
	protos protocols
	limits caps
	jail   *jail
	boot   [bootBytes]byte
	port   int

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex
	links  map[PeerID]*link
	closed bool
	shown  int // connected peers when that was last logged

	count     atomic.Int64 // of links
	askedBack atomic.Int64 // when a peer was last asked for what it has more, in Unix nanoseconds
	expected  atomic.Int64
	mesh      *mesh
	serving   *serving
	finder    *finder
	retries   *retries
}

// New starts a node among peers: it listens, and looks for the seeds at once. Close it.
func New(cfg Config) (*Network, error) {
	cfg, err := cfg.filled()
	if err != nil {
		return nil, err
	}
	n := &Network{
		cfg: cfg, log: cfg.Log, protos: protocolsOf(cfg.Genesis), limits: frameCaps(cfg.MaxProposalBytes),
		jail: newJail(time.Now, jailSize), links: map[PeerID]*link{}, serving: newServing(),
	}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	if _, err := rand.Read(n.boot[:]); err != nil {
		return nil, fmt.Errorf("draw a start number: %w", err)
	}
	if n.host, err = newHost(cfg, &gater{jail: n.jail, cfg: cfg, connected: n.peers, meets: n.meets}); err != nil {
		return nil, err
	}
	if err := n.start(); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// start puts everything in place before the first peer can connect: one that found no consensus protocol here would take
// us for a node of another network.
func (n *Network) start() (err error) {
	if n.mesh, err = newMesh(n); err != nil {
		return err
	}
	n.finder, n.retries = newFinder(n), newRetries(n)
	n.host.SetStreamHandler(n.protos.consensus, n.tracked(n.acceptConsensus))
	n.host.SetStreamHandler(n.protos.pool, n.tracked(n.servePool))
	n.host.SetStreamHandler(n.protos.peers, n.tracked(n.servePeers))
	if n.cfg.Blocks != nil {
		n.host.SetStreamHandler(n.protos.blocks, n.tracked(n.serveBlocks))
	}
	if from, ok := n.cfg.Blocks.(SnapshotSource); ok {
		n.host.SetStreamHandler(n.protos.snapshot, n.tracked(n.serveParts(from)))
		n.host.SetStreamHandler(n.protos.headers, n.tracked(n.serveHeaders(from)))
		n.host.SetStreamHandler(n.protos.base, n.tracked(n.serveBase(from)))
	}
	changes, err := n.host.EventBus().Subscribe(new(event.EvtPeerConnectednessChanged))
	if err != nil {
		return fmt.Errorf("watch connections: %w", err)
	}
	n.wg.Go(func() { n.watch(changes) })
	if err := listen(n.host, n.cfg.ListenIP, n.cfg.Port); err != nil {
		return err
	}
	if n.port, err = portOf(n.host); err != nil {
		return err
	}
	n.wg.Go(n.mesh.run)
	n.wg.Go(n.finder.run)
	n.wg.Go(n.retries.run)
	n.wg.Go(n.keepPools)
	n.wg.Go(n.measure)
	return nil
}

// tracked makes a stream handler one that Close waits for, and that holds no stream when it is over.
func (n *Network) tracked(handle func(network.Stream)) network.StreamHandler {
	return func(s network.Stream) {
		n.mu.Lock()
		if n.closed {
			n.mu.Unlock()
			_ = s.Reset()
			return
		}
		n.wg.Add(1)
		n.mu.Unlock()
		defer n.wg.Done()
		stop := context.AfterFunc(n.ctx, func() { _ = s.Reset() })
		defer stop()
		handle(s)
	}
}

// Close disconnects from all peers and ends everything that was started. OnPeer is called for peers that were up.
func (n *Network) Close() error {
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return nil
	}
	n.closed = true
	n.mu.Unlock()
	n.cancel()
	err := n.host.Close()
	n.wg.Wait()
	n.cfg.HTTP.CloseIdleConnections()
	if err != nil {
		return fmt.Errorf("close peer-to-peer host: %w", err)
	}
	return nil
}

// watch follows the host's connections until the host closes.
func (n *Network) watch(changes event.Subscription) {
	defer changes.Close()
	for {
		select {
		case <-n.ctx.Done():
			return
		case e, ok := <-changes.Out():
			if !ok {
				return
			}
			switch e := e.(event.EvtPeerConnectednessChanged); e.Connectedness {
			case network.Connected:
				n.meet(e.Peer)
			default:
				n.part(e.Peer)
			}
		}
	}
}

// ID is this node's peer id.
func (n *Network) ID() PeerID { return n.host.ID() }

// Port is the TCP and UDP port this node listens on.
func (n *Network) Port() int { return n.port }

// Addrs are the addresses this node listens on, as multiaddrs without the peer id.
func (n *Network) Addrs() []string {
	var out []string
	for _, a := range n.host.Addrs() {
		out = append(out, a.String())
	}
	return out
}

// PeerKey is the node key of a peer, by which the chain knows its validator.
func (n *Network) PeerKey(id PeerID) (chain.PublicKey, error) { return KeyOf(id) }

// SetExpectedPeers says how many peers there should be. With fewer, the node looks for more every second, otherwise every
// 5 seconds. Until it is called, the number of addresses the seeds resolve to counts.
func (n *Network) SetExpectedPeers(count int) { n.expected.Store(int64(max(count, 0))) }

// Misbehaved charges a peer with an offence found in what it sent. Enough of them ban it for some minutes.
func (n *Network) Misbehaved(id PeerID, what Offence) {
	if !n.jail.charge(id, what) {
		return
	}
	n.cfg.Metrics.Banned(string(what))
	n.log.Warn("peer banned", slog.String("peer", id.String()), slog.String("reason", string(what)))
	n.hangUp(id)
}

// hangUp closes all connections of a peer, without waiting: callers may be on one of its streams.
func (n *Network) hangUp(id PeerID) {
	n.background(func() { _ = n.host.Network().ClosePeer(id) })
}

// background runs f unless the network is closing; Close waits for it.
func (n *Network) background(f func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.closed {
		n.wg.Go(f)
	}
}

func (n *Network) peers() int { return int(n.count.Load()) }

func (n *Network) meets(id PeerID) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.links[id] != nil
}
