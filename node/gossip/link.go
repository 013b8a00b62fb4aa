package gossip

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/multiformats/go-multistream"
	"golang.org/x/time/rate"
)

const (
	openTimeout  = 10 * time.Second
	writeTimeout = 10 * time.Second // for a chunk; a peer that takes longer to read it is not there
	maxFailures  = 4                // streams in a row that broke, before the connection is given up
	steady       = 10 * time.Second // a stream that lasted this long was no failure
)

// Rates of consensus frames a peer may keep up. Above them it is read more slowly, which in the end slows its sending.
const (
	framesPerSecond, framesAtOnce = 2000, 8000
	bytesPerSecond                = 32 << 20
)

// link is what this node has with one connected peer: a stream each way for consensus frames, and what is known of it.
type link struct {
	net    *Network
	id     PeerID
	ctx    context.Context // until the peer is gone
	cancel context.CancelFunc
	before <-chan struct{} // closed when an earlier link with the same peer is over; nil if there was none
	up     chan struct{}   // closed when the driver knows of the peer
	done   chan struct{}   // closed when this link is over
	out    *outbox
	frames *rate.Limiter
	bytes  *rate.Limiter
	since  time.Time

	shown   atomic.Bool   // the driver knows of the peer
	active  atomic.Int32  // streams of the peer that we serve
	asks    *rate.Limiter // of its requests
	height  atomic.Uint64
	base    atomic.Uint64
	latency atomic.Int64

	mu      sync.Mutex
	in      network.Stream  // the peer's stream to us
	boot    [bootBytes]byte // of the process at the other end
	readers sync.WaitGroup  // of the peer's streams, so that OnPeer(false) comes after the last frame
}

// meet returns the link with a peer, made if need be; nil if the network is closing.
func (n *Network) meet(id PeerID) *link {
	if _, err := KeyOf(id); err != nil {
		return nil // the gater lets no such peer in
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	old := n.links[id]
	if n.closed || (old != nil && old.ctx.Err() == nil) {
		return old
	}
	l := &link{
		net: n, id: id, up: make(chan struct{}), done: make(chan struct{}), since: time.Now(),
		out:    newOutbox(outboxItems, 2*n.cfg.MaxProposalBytes+outboxSpare),
		frames: rate.NewLimiter(framesPerSecond, framesAtOnce),
		bytes:  rate.NewLimiter(bytesPerSecond, bytesPerSecond),
		asks:   rate.NewLimiter(asksPerSecond, asksAtOnce),
	}
	l.ctx, l.cancel = context.WithCancel(n.ctx)
	if old != nil {
		l.before = old.done
	} else {
		n.count.Add(1)
	}
	n.links[id] = l
	n.wg.Go(l.run)
	return l
}

// part says that there is no connection to a peer any more.
func (n *Network) part(id PeerID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if l := n.links[id]; l != nil {
		l.cancel()
	}
}

// link returns the link with a peer, or nil.
func (n *Network) link(id PeerID) *link {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.links[id]
}

// run keeps a stream to the peer open and sends what the outbox holds, until the peer is gone.
func (l *link) run() {
	defer l.end()
	if l.before != nil {
		<-l.before
	}
	up := false
	for failures := 0; l.ctx.Err() == nil; failures++ {
		s, err := l.open()
		if err == nil {
			if !up {
				up = true
				defer l.down()
				l.shown.Store(true)
				l.net.announce(l.id, true)
				close(l.up)
			}
			began := time.Now()
			err = l.send(s)
			if time.Since(began) > steady {
				failures = 0
			}
		}
		var stray multistream.ErrNotSupported[protocol.ID]
		switch {
		case l.ctx.Err() != nil:
			return
		case l.net.host.Network().Connectedness(l.id) != network.Connected:
			return
		case errors.As(err, &stray):
			l.net.Misbehaved(l.id, OffenceWrongGenesis)
			return
		case failures == maxFailures:
			l.net.log.Debug("peer given up", slog.String("peer", l.id.String()), slog.Any("error", err))
			l.net.hangUp(l.id)
			return
		}
		l.wait(50 * time.Millisecond << failures)
	}
}

// end takes the link off the table. If the peer is connected again by now, there is a new one.
func (l *link) end() {
	l.cancel()
	n := l.net
	n.mu.Lock()
	if n.links[l.id] == l {
		delete(n.links, l.id)
		n.count.Add(-1)
	}
	n.mu.Unlock()
	close(l.done)
	if n.host.Network().Connectedness(l.id) == network.Connected && !n.jail.banned(l.id) {
		n.meet(l.id)
	}
	n.finder.wake()
}

// down tells the driver that the peer is gone, after its last frame.
func (l *link) down() {
	l.cancel()
	l.mu.Lock()
	if l.in != nil {
		_ = l.in.Reset()
	}
	l.mu.Unlock()
	l.readers.Wait()
	l.shown.Store(false)
	l.net.announce(l.id, false)
}

func (l *link) wait(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.ctx.Done():
	}
}

// open opens our stream to the peer.
func (l *link) open() (network.Stream, error) {
	ctx, cancel := context.WithTimeout(network.WithNoDial(l.ctx, "connected already"), openTimeout)
	defer cancel()
	s, err := l.net.host.NewStream(ctx, l.id, l.net.protos.consensus)
	if err != nil {
		return nil, fmt.Errorf("open consensus stream: %w", err)
	}
	return s, nil
}

// send writes the outbox's frames to s until s breaks or the peer is gone.
func (l *link) send(s network.Stream) error {
	broken := make(chan struct{})
	var wg sync.WaitGroup
	defer wg.Wait()
	defer func() { _ = s.Reset() }()
	wg.Go(func() { // nothing is ever sent to us here: a read ends when the stream does
		defer close(broken)
		_, _ = s.Read(make([]byte, 1))
	})
	w := bufio.NewWriterSize(deadlineWriter{s}, 4096)
	if _, err := w.Write(append(appendHead(nil, frameHello, bootBytes), l.net.boot[:]...)); err != nil {
		return err
	}
	for {
		for _, f := range l.out.takeAll() {
			if _, err := w.Write(appendHead(w.AvailableBuffer(), f.kind, len(f.payload))); err != nil {
				return err
			}
			if _, err := w.Write(f.payload); err != nil {
				return err
			}
			l.net.cfg.Metrics.Message(f.kind.String(), "out", len(f.payload))
		}
		if err := w.Flush(); err != nil {
			return err
		}
		select {
		case <-l.out.ready:
		case <-broken:
			return errors.New("the peer closed our stream")
		case <-l.ctx.Done():
			return nil
		}
	}
}

// deadlineWriter gives each chunk of a write a time.
type deadlineWriter struct{ s network.Stream }

func (w deadlineWriter) Write(b []byte) (n int, err error) {
	for len(b) > 0 && err == nil {
		if err = w.s.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
			return n, err
		}
		part := b[:min(len(b), chunk)]
		var k int
		k, err = w.s.Write(part)
		n += k
		b = b[k:]
	}
	return n, err
}

// announce tells the driver and the metrics that a peer came or went.
func (n *Network) announce(id PeerID, up bool) {
	n.cfg.OnPeer(id, up)
	in, out, upNow := 0, 0, 0
	n.mu.Lock()
	for _, l := range n.links {
		if !l.shown.Load() {
			continue
		}
		upNow++
		if l.inbound() {
			in++
		} else {
			out++
		}
	}
	changed := upNow != n.shown
	n.shown = upNow
	n.mu.Unlock()
	n.cfg.Metrics.SetConnected(in, out)
	if changed {
		n.log.Info("peers changed", slog.Int("connected", upNow), slog.String("peer", id.String()), slog.Bool("up", up))
	}
	if up {
		n.background(func() { n.greet(id) })
		n.background(func() { n.askBase(id) })
	}
}

// inbound reports whether the peer dialled us.
func (l *link) inbound() bool {
	for _, c := range l.net.host.Network().ConnsToPeer(l.id) {
		return c.Stat().Direction == network.DirInbound
	}
	return false
}

// Broadcast queues a frame for every peer. It never blocks: where a peer is slow and its queue full, frames are dropped and
// counted, and the exchange of vote states brings them back.
func (n *Network) Broadcast(kind FrameKind, payload []byte) {
	n.mu.Lock()
	all := make([]*link, 0, len(n.links))
	for _, l := range n.links {
		all = append(all, l)
	}
	n.mu.Unlock()
	for _, l := range all {
		l.queue(frame{kind, payload})
	}
}

// Send queues a frame for one peer and reports whether that peer is connected. See [Network.Broadcast].
func (n *Network) Send(id PeerID, kind FrameKind, payload []byte) bool {
	l := n.link(id)
	if l == nil {
		return false
	}
	l.queue(frame{kind, payload})
	return true
}

func (l *link) queue(f frame) {
	for _, kind := range l.out.put(f) {
		l.net.cfg.Metrics.Dropped(kind.String(), "out")
	}
}
