package gossip

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// endingHost opens streams to which nothing can be written, because everything ends at that instant.
type endingHost struct {
	host.Host
	endingStream
}

func (h *endingHost) NewStream(context.Context, PeerID, ...protocol.ID) (network.Stream, error) {
	return &h.endingStream, nil
}

type endingStream struct {
	network.Stream
	end    func()
	resets atomic.Int32
}

func (s *endingStream) SetWriteDeadline(time.Time) error { s.end(); return errors.New("closed") }
func (s *endingStream) Reset() error                     { s.resets.Add(1); return nil }

// A context may end while the request is being written: what then breaks the stream runs beside what gives it up.
func TestAQuestionMayEndWhileItIsBeingAsked(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	h := &endingHost{endingStream: endingStream{end: cancel}}
	n := &Network{host: h}
	if s, done, err := n.ask(ctx, "peer", "/a/1", &peersAsk{}); err == nil || s != nil || done != nil {
		t.Fatalf("want only an error, got %v, %v", s, err)
	}
	eventually(t, "both have broken the stream", func() bool { return h.resets.Load() == 2 })
}
