package gossip

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/posnet/posnet/node/chain"
)

// What peers may ask of us. Each answer is bounded by itself; these bound how many there are.
const (
	asksPerSecond, asksAtOnce = 20, 60
	asksUnderWay              = 8  // of one peer
	asksOfAll                 = 32 // of all peers
	askTimeout                = 10 * time.Second
	maxAskBytes               = 8*poolIDs + 64
)

// serving bounds the requests being answered.
type serving struct{ places chan struct{} }

func newServing() *serving { return &serving{make(chan struct{}, asksOfAll)} }

// serve answers a peer's request on s: it reads the request, whose encoding has at most limit bytes, into ask, and calls
// answer with a writer on which each chunk has its deadline. The stream is closed in good order only if answer succeeds.
func (n *Network) serve(s network.Stream, ask any, limit int, answer func(*bufio.Writer) error) {
	whole := false
	defer func() {
		if !whole {
			_ = s.Reset()
		}
	}()
	l := n.meet(s.Conn().RemotePeer())
	if l == nil {
		return
	}
	defer l.active.Add(-1)
	if l.active.Add(1) > asksUnderWay || !l.asks.Allow() {
		n.Misbehaved(l.id, OffenceFlood)
		return
	}
	select {
	case n.serving.places <- struct{}{}:
		defer func() { <-n.serving.places }()
	default:
		return // busy with others: no offence, ask again
	}
	if err := s.SetReadDeadline(time.Now().Add(askTimeout)); err != nil {
		return
	}
	raw, err := io.ReadAll(io.LimitReader(s, int64(limit)+1))
	if err != nil {
		return
	}
	if err := chain.Decode(raw, ask, limit); err != nil {
		n.Misbehaved(l.id, offenceOf(err))
		return
	}
	w := bufio.NewWriterSize(deadlineWriter{s}, 4096)
	if answer(w) == nil && w.Flush() == nil {
		whole = s.Close() == nil
	}
}

// ask sends a request to a peer and returns the stream on which its answer comes, and done. ctx bounds the whole exchange: when it
// ends, the stream breaks. Call done when the answer is read.
func (n *Network) ask(ctx context.Context, id PeerID, proto protocol.ID, ask any) (network.Stream, func(), error) {
	open, cancel := context.WithTimeout(network.WithNoDial(ctx, "only connected peers are asked"), openTimeout)
	defer cancel()
	s, err := n.host.NewStream(open, id, proto)
	if err != nil {
		return nil, nil, fmt.Errorf("ask peer: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = s.Reset() })
	done := func() { stop(); _ = s.Reset() }
	if _, err = (deadlineWriter{s}).Write(chain.Encode(ask)); err == nil {
		err = s.CloseWrite()
	}
	if err != nil {
		done()
		return nil, nil, fmt.Errorf("ask peer: %w", err)
	}
	return s, done, nil
}

// writePart writes what readPart reads: uvarint length ‖ bytes.
func writePart(w *bufio.Writer, b []byte) error {
	if _, err := w.Write(binary.AppendUvarint(w.AvailableBuffer(), uint64(len(b)))); err != nil {
		return err
	}
	_, err := w.Write(b)
	return err
}

// readPart reads one part of an answer, of at most limit bytes, for which the sender has askTimeout for each MiB. It
// returns io.EOF where the answer ends.
func readPart(s network.Stream, r *bufio.Reader, limit int) ([]byte, error) {
	if err := s.SetReadDeadline(time.Now().Add(askTimeout)); err != nil {
		return nil, err
	}
	size, err := readUvarint(r)
	if err != nil {
		return nil, err
	}
	if size > uint64(limit) {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are allowed", errOversized, size, limit)
	}
	if err := s.SetReadDeadline(time.Now().Add(askTimeout * time.Duration(1+size>>20))); err != nil {
		return nil, err
	}
	return readBody(r, int(size))
}
