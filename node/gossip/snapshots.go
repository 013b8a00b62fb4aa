package gossip

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/posnet/posnet/node/chain"
)

// SnapshotSource is what a [BlockSource] may do beyond blocks: serve nodes that join by snapshot. One that does not serves
// none, and has all blocks from height 1.
type SnapshotSource interface {
	// Base is the first height whose block is here.
	Base() uint64
	// Offer, Manifest and Chunk answer who asks for them with bytes that package snapshot reads; nil: there is none.
	Offer() ([]byte, error)
	Manifest(height uint64) ([]byte, error)
	Chunk(height, index uint64) ([]byte, error)
	// Header returns the header of a height with what verifies it; nil where there is none. The set is left out if it is known.
	Header(height uint64, known chain.Hash) (*Headed, error)
}

// Headed is a header, its certificate and the validator set of its height, encoded.
type Headed struct {
	Header, Certificate, Set []byte
	SetHash                  chain.Hash // not sent
	Read                     int        // not sent: bytes that were read for it
}

// Part says which part of a snapshot is asked for.
type Part uint64

// The parts.
const (
	PartOffer Part = iota + 1
	PartManifest
	PartChunk
)

// Bounds of what joining nodes are served.
const (
	// MaxHeaders is the most headers one request brings.
	MaxHeaders = 256

	maxHeaderBytes = 1 << 10
	maxSetBytes    = 1 << 20
	headersRead    = 16 << 20         // bytes of blocks that are read for one answer with headers, about
	headersAtOnce  = 4                // answers with headers under way
	partsAtOnce    = 8                // of snapshots, being served
	partTime       = 60 * time.Second // for one of them
)

type partAsk struct {
	_      struct{} `cbor:",toarray"`
	Part   uint64
	Height uint64
	Index  uint64
}

type headersAsk struct {
	_    struct{} `cbor:",toarray"`
	From uint64
	Max  uint64
	Set  chain.Hash // the set that is known already
}

type baseAsk struct {
	_ struct{} `cbor:",toarray"`
}

type baseAnswer struct {
	_    struct{} `cbor:",toarray"`
	Base uint64
}

// serveParts answers with one part of a snapshot, or nothing.
func (n *Network) serveParts(from SnapshotSource) func(network.Stream) {
	places := make(chan struct{}, partsAtOnce)
	return func(s network.Stream) {
		over := time.AfterFunc(partTime, func() { _ = s.Reset() }) // whoever reads slowly keeps a place from others
		defer over.Stop()
		var ask partAsk
		n.serve(s, &ask, 32, func(w *bufio.Writer) error {
			select {
			case places <- struct{}{}:
				defer func() { <-places }()
			default:
				return errBusy
			}
			var b []byte
			var err error
			switch Part(ask.Part) {
			case PartOffer:
				b, err = from.Offer()
			case PartManifest:
				b, err = from.Manifest(ask.Height)
			case PartChunk:
				b, err = from.Chunk(ask.Height, ask.Index)
			}
			if err != nil {
				n.log.Error("part of a snapshot not served", slog.Uint64("height", ask.Height), slog.Any("error", err))
				return err
			}
			if b == nil {
				return nil
			}
			n.cfg.Metrics.Message("snapshot", "out", len(b))
			return writePart(w, b)
		})
	}
}

var errBusy = errors.New("busy with other nodes that join")

// FetchPart asks a peer for a part of a snapshot, of at most limit bytes. It returns nil if the peer has none.
func (n *Network) FetchPart(ctx context.Context, id PeerID, part Part, height, index uint64, limit int) ([]byte, error) {
	s, done, err := n.ask(ctx, id, n.protos.snapshot, &partAsk{Part: uint64(part), Height: height, Index: index})
	if err != nil {
		return nil, fmt.Errorf("fetch part of a snapshot: %w", err)
	}
	defer done()
	b, err := readPart(s, bufio.NewReaderSize(s, 4096), limit)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		n.charge(id, err)
		return nil, fmt.Errorf("fetch part of a snapshot: %w", err)
	}
	n.cfg.Metrics.Message("snapshot", "in", len(b))
	return b, nil
}

// charge charges a peer for an answer that no honest peer gives.
func (n *Network) charge(id PeerID, err error) {
	if errors.Is(err, errOversized) || errors.Is(err, errMalformed) || errors.Is(err, chain.ErrEncoding) {
		n.Misbehaved(id, offenceOf(err))
	}
}

// serveHeaders sends headers: for each height three parts, the header, the certificate, and the validator set, which is
// empty where it is that of the header before, or the one known to who asks.
func (n *Network) serveHeaders(from SnapshotSource) func(network.Stream) {
	places := make(chan struct{}, headersAtOnce)
	return func(s network.Stream) {
		over := time.AfterFunc(partTime, func() { _ = s.Reset() })
		defer over.Stop()
		var ask headersAsk
		n.serve(s, &ask, 64, func(w *bufio.Writer) error {
			select {
			case places <- struct{}{}:
				defer func() { <-places }()
			default:
				return errBusy
			}
			read, sent := 0, 0
			for i := range min(ask.Max, MaxHeaders) {
				h, err := from.Header(ask.From+i, ask.Set)
				if err != nil {
					n.log.Error("header not served", slog.Uint64("height", ask.From+i), slog.Any("error", err))
					return err
				}
				if h == nil {
					return nil
				}
				ask.Set = h.SetHash
				size := len(h.Header) + len(h.Certificate) + len(h.Set)
				if i > 0 && (sent+size > blocksBytes || read > headersRead) {
					return nil
				}
				read, sent = read+h.Read, sent+size
				for _, part := range [][]byte{h.Header, h.Certificate, h.Set} {
					if err := writePart(w, part); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
}

// FetchHeaders asks a peer for up to count headers from a height on, with what verifies them. known is the hash of the
// validator set that need not be sent. Fewer may come, and none if the peer has none.
func (n *Network) FetchHeaders(ctx context.Context, id PeerID, from uint64, count int, known chain.Hash) ([]Headed, error) {
	count = max(0, min(count, MaxHeaders))
	s, done, err := n.ask(ctx, id, n.protos.headers, &headersAsk{From: from, Max: uint64(count), Set: known})
	if err != nil {
		return nil, fmt.Errorf("fetch headers from %d: %w", from, err)
	}
	defer done()
	r := bufio.NewReaderSize(s, 4096)
	var out []Headed
	for size := 0; len(out) < count; {
		var h Headed
		for i, p := range []struct {
			into  *[]byte
			limit int
		}{{&h.Header, maxHeaderBytes}, {&h.Certificate, MaxCertificateBytes}, {&h.Set, maxSetBytes}} {
			*p.into, err = readPart(s, r, p.limit)
			if i == 0 && errors.Is(err, io.EOF) {
				return out, nil
			}
			if err != nil {
				break
			}
			size += len(*p.into)
		}
		if err == nil && len(out) > 0 && size > blocksBytes {
			err = fmt.Errorf("%w: more headers than an answer may have", errOversized)
		}
		if err != nil {
			err = unexpected(err)
			n.charge(id, err)
			return out, fmt.Errorf("fetch header %d: %w", from+uint64(len(out)), err)
		}
		out = append(out, h)
	}
	return out, nil
}

// serveBase tells from which height on this node has blocks.
func (n *Network) serveBase(from SnapshotSource) func(network.Stream) {
	return func(s network.Stream) {
		var ask baseAsk
		n.serve(s, &ask, 8, func(w *bufio.Writer) error { return writePart(w, chain.Encode(&baseAnswer{Base: from.Base()})) })
	}
}

// askBase finds out from which height on a peer has blocks. One that does not say has all of them. It is a claim: who claims too
// much is found to bring nothing, and who claims too little is not asked.
func (n *Network) askBase(id PeerID) {
	ctx, cancel := context.WithTimeout(n.ctx, askTimeout)
	defer cancel()
	s, done, err := n.ask(ctx, id, n.protos.base, &baseAsk{})
	if err != nil {
		return
	}
	defer done()
	raw, err := readPart(s, bufio.NewReaderSize(s, 64), 16)
	var a baseAnswer
	if err == nil {
		err = chain.Decode(raw, &a, 16)
	}
	if err != nil {
		n.charge(id, err)
		return
	}
	if l := n.link(id); l != nil {
		l.base.Store(a.Base)
	}
}
