package gossip

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/posnet/posnet/node/chain"
)

// Bounds of an answer with blocks.
const (
	// MaxBlocks is the most blocks one request brings.
	MaxBlocks = 128
	// MaxCertificateBytes caps an encoded certificate.
	MaxCertificateBytes = 1 << 20
	// blocksBytes is where an answer ends early, though never before its first block.
	blocksBytes = 4 << 20
)

// Fetched is a block and the certificate of it, encoded as the peer sent them: nothing about them has been checked but
// their sizes.
type Fetched struct {
	Block, Certificate []byte
}

type blocksAsk struct {
	_    struct{} `cbor:",toarray"`
	From uint64
	Max  uint64
}

// serveBlocks sends decided blocks: for each height the certificate and the block, two parts.
func (n *Network) serveBlocks(s network.Stream) {
	var ask blocksAsk
	n.serve(s, &ask, 32, func(w *bufio.Writer) error {
		sent := 0
		for i := range min(ask.Max, MaxBlocks) {
			block, cert, err := n.cfg.Blocks.BlockAndCertificate(ask.From + i)
			if err != nil {
				n.log.Error("block not served", slog.Uint64("height", ask.From+i), slog.Any("error", err))
				return err
			}
			if block == nil || (i > 0 && sent+len(block)+len(cert) > blocksBytes) {
				return nil
			}
			if err := writePart(w, cert); err != nil {
				return err
			}
			if err := writePart(w, block); err != nil {
				return err
			}
			sent += len(block) + len(cert)
			n.cfg.Metrics.Message("block", "out", len(block))
		}
		return nil
	})
}

// FetchBlocks asks a peer for up to count blocks from a height on. It may bring fewer, or none if the peer has none; it
// never brings more than 4 MiB and one block. When the answer breaks off, what came whole is returned with the error.
func (n *Network) FetchBlocks(ctx context.Context, id PeerID, from uint64, count int) ([]Fetched, error) {
	count = max(0, min(count, MaxBlocks))
	s, done, err := n.ask(ctx, id, n.protos.blocks, &blocksAsk{From: from, Max: uint64(count)})
	if err != nil {
		return nil, fmt.Errorf("fetch blocks from %d: %w", from, err)
	}
	defer done()
	r := bufio.NewReaderSize(s, 4096)
	var out []Fetched
	for size := 0; len(out) < count; {
		cert, err := readPart(s, r, MaxCertificateBytes)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		var block []byte
		if err == nil {
			if block, err = readPart(s, r, chain.MaxBlockBytes); errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
		}
		size += len(cert) + len(block)
		if err == nil && len(out) > 0 && size > blocksBytes {
			err = fmt.Errorf("%w: more blocks than an answer may have", errOversized)
		}
		if err != nil {
			if errors.Is(err, errOversized) || errors.Is(err, errMalformed) {
				n.Misbehaved(id, offenceOf(err))
			}
			return out, fmt.Errorf("fetch block %d: %w", from+uint64(len(out)), err)
		}
		n.cfg.Metrics.Message("block", "in", len(block))
		out = append(out, Fetched{Block: block, Certificate: cert})
	}
	return out, nil
}
