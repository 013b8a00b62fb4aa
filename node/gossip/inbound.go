package gossip

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
)

// frameTimeout is how long a frame may take from its first byte to its last, for each MiB it has.
const frameTimeout = 10 * time.Second

// acceptConsensus reads a peer's frames from its stream to us.
func (n *Network) acceptConsensus(s network.Stream) {
	defer func() { _ = s.Reset() }()
	l := n.meet(s.Conn().RemotePeer())
	if l == nil || !l.awaitUp() || !l.adopt(s) {
		return
	}
	defer l.readers.Done()
	err := l.receive(s)
	switch {
	case errors.Is(err, errOversized):
		n.Misbehaved(l.id, OffenceOversized)
	case errors.Is(err, errMalformed):
		n.Misbehaved(l.id, OffenceMalformed)
	}
	n.log.Debug("consensus stream ended", slog.String("peer", l.id.String()), slog.Any("error", err))
}

// awaitUp waits until the driver knows of the peer.
func (l *link) awaitUp() bool {
	t := time.NewTimer(openTimeout)
	defer t.Stop()
	select {
	case <-l.up:
		return true
	case <-l.ctx.Done():
	case <-t.C:
	}
	return false
}

// adopt makes s the peer's stream to us; an older one ends. It fails when the peer is gone. A success is undone with
// readers.Done.
func (l *link) adopt(s network.Stream) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil {
		return false
	}
	if l.in != nil {
		_ = l.in.Reset()
	}
	l.in = s
	l.readers.Add(1)
	return true
}

// receive hands the peer's frames to the driver until the stream ends.
func (l *link) receive(s network.Stream) error {
	r := bufio.NewReaderSize(s, 4096)
	if err := s.SetReadDeadline(time.Now().Add(frameTimeout)); err != nil {
		return err
	}
	kind, body, err := l.next(s, r)
	if err != nil {
		return err
	}
	if kind != frameHello || len(body) != bootBytes {
		return errMalformed
	}
	l.greeted([bootBytes]byte(body), s.Conn())
	for {
		if err := s.SetReadDeadline(time.Time{}); err != nil {
			return err
		}
		if _, err := r.Peek(1); err != nil { // between frames a peer may be silent
			return err
		}
		if err := l.frames.Wait(l.ctx); err != nil {
			return err
		}
		if err := s.SetReadDeadline(time.Now().Add(frameTimeout)); err != nil {
			return err
		}
		kind, body, err := l.next(s, r)
		switch {
		case err != nil:
			return err
		case kind == frameHello:
			return errMalformed
		case !l.net.cfg.OnFrame(l.id, kind, body):
			l.net.cfg.Metrics.Dropped(kind.String(), "in")
		default:
			l.net.cfg.Metrics.Message(kind.String(), "in", len(body))
		}
	}
}

// next reads one frame.
func (l *link) next(s network.Stream, r *bufio.Reader) (FrameKind, []byte, error) {
	kind, size, err := readHead(r, l.net.limits)
	if err != nil {
		return 0, nil, err
	}
	if err := l.bytes.WaitN(l.ctx, size); err != nil {
		return 0, nil, err
	}
	if size > chunk {
		slow := frameTimeout * time.Duration(1+size>>20)
		if err := s.SetReadDeadline(time.Now().Add(slow)); err != nil {
			return 0, nil, err
		}
	}
	body, err := readBody(r, size)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, nil, io.ErrUnexpectedEOF // it went away: no offence
	}
	return kind, body, err
}

// greeted takes the start number of the process behind conn. When it is another than before, the peer restarted, perhaps
// with another address, and older connections lead to nobody; only the time-out of a keep-alive would tell. They are
// closed, so that our stream moves to the new one. Numbers, not just a new stream, must say so: after both sides dialled
// at once each has its stream on another connection, and two that close the other's would never settle.
func (l *link) greeted(boot [bootBytes]byte, conn network.Conn) {
	l.mu.Lock()
	restarted := l.boot != boot && l.boot != [bootBytes]byte{}
	l.boot = boot
	l.mu.Unlock()
	if !restarted {
		return
	}
	l.net.background(func() {
		for _, c := range l.net.host.Network().ConnsToPeer(l.id) {
			if c.ID() != conn.ID() {
				_ = c.Close()
			}
		}
	})
}
