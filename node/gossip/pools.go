package gossip

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	mrand "math/rand/v2"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/posnet/posnet/node/chain"
)

const (
	// poolBytes caps the transactions one comparison brings.
	poolBytes = 1 << 20
	// poolIDs caps the ids a request lists: all of a full pool, or the other side sends what is here.
	poolIDs = 32_000
	// poolEvery is how often a node compares its pool with that of one peer, besides at each connection: gossip may lose
	// a message under load and never repeats it, and a full pool takes none. While nothing is found, and nothing here has waited
	// for long, it does so more and more seldom, down to poolSeldom: a full pool has tens of thousands of ids to hash.
	poolEvery  = time.Second
	poolSeldom = 8 * time.Second
	// poolAll is for how long after it connected a peer is told of all that waits here; later only of what has waited for
	// some seconds, which should have come to it by gossip.
	poolAll = 10 * time.Second
)

// poolAsk asks for the transactions that wait at the other side and not here. Have lists what waits here: the first 8
// bytes of SHA-256(Salt ‖ id) each. The salt changes with each request, so nobody can make a transaction that is taken
// for another one twice.
type poolAsk struct {
	_    struct{} `cbor:",toarray"`
	Salt []byte
	Have []byte
}

func shortID(salt []byte, id chain.Hash) uint64 {
	var both [8 + len(id)]byte // on the stack: a pool has tens of thousands
	copy(both[copy(both[:8], salt):], id[:])
	h := sha256.Sum256(both[:])
	return binary.BigEndian.Uint64(h[:8])
}

// servePool sends what waits here and not at the peer: messages of transactions, as in the mesh, each a part.
func (n *Network) servePool(s network.Stream) {
	var ask poolAsk
	n.serve(s, &ask, maxAskBytes, func(w *bufio.Writer) error {
		if len(ask.Salt) != 8 || len(ask.Have)%8 != 0 {
			n.Misbehaved(s.Conn().RemotePeer(), OffenceMalformed)
			return errMalformed
		}
		n.askBack(s.Conn().RemotePeer(), len(ask.Have)/8)
		have := make(map[uint64]bool, len(ask.Have)/8)
		for b := ask.Have; len(b) > 0; b = b[8:] {
			have[binary.BigEndian.Uint64(b)] = true
		}
		var lacks [][]byte
		l := n.link(s.Conn().RemotePeer())
		all := l == nil || time.Since(l.since) < poolAll
		for size, pending := 0, n.cfg.Pending(all); len(pending) > 0; pending = pending[1:] {
			p := pending[0]
			if have[shortID(ask.Salt, p.ID)] {
				continue
			}
			if size += len(p.Raw) + 5; size > poolBytes {
				break
			}
			lacks = append(lacks, p.Raw)
		}
		for _, batch := range batches(lacks) {
			if err := writePart(w, batch); err != nil {
				return err
			}
		}
		return nil
	})
}

// SyncPool brings the transactions that wait at a peer and not here, at most 1 MiB of them, and returns how many were
// admitted. It runs by itself when a peer connects, and now and then.
func (n *Network) SyncPool(ctx context.Context, id PeerID) (admitted int, err error) {
	return n.syncPool(ctx, id, false)
}

// syncPool is [Network.SyncPool]; what it brings may be passed on to other peers.
func (n *Network) syncPool(ctx context.Context, id PeerID, passOn bool) (admitted int, err error) {
	ask := poolAsk{Salt: make([]byte, 8)}
	if _, err := rand.Read(ask.Salt); err != nil {
		return 0, fmt.Errorf("compare pools: %w", err)
	}
	for i, p := range n.cfg.Pending(true) {
		if i == poolIDs {
			break
		}
		ask.Have = binary.BigEndian.AppendUint64(ask.Have, shortID(ask.Salt, p.ID))
	}
	s, done, err := n.ask(ctx, id, n.protos.pool, &ask)
	if err != nil {
		return 0, fmt.Errorf("compare pools: %w", err)
	}
	defer done()
	r := bufio.NewReaderSize(s, 4096)
	for left := poolBytes + batchBytes; ; {
		batch, err := readPart(s, r, min(left, batchBytes))
		if errors.Is(err, io.EOF) {
			return admitted, nil
		}
		var raws [][]byte
		if err == nil {
			left -= len(batch)
			raws, err = decodeBatch(batch)
		}
		if err != nil {
			if errors.Is(err, errOversized) || errors.Is(err, errMalformed) || errors.Is(err, chain.ErrEncoding) {
				n.Misbehaved(id, offenceOf(err))
			}
			return admitted, fmt.Errorf("compare pools: %w", err)
		}
		n.cfg.Metrics.Message("transaction", "in", len(batch))
		fresh, _, offence := n.admit(id, raws)
		admitted += len(fresh)
		if passOn {
			n.mesh.publish(cloned(fresh)...)
		}
		if offence != "" {
			n.Misbehaved(id, offence)
			return admitted, fmt.Errorf("compare pools: the peer sent transactions that are %s", offence)
		}
	}
}

// askBack asks a peer that says it has more than what is here. Who lacks something does not know it, and an idle chain makes no
// block of what a single node has, unless that is the one to forge.
func (n *Network) askBack(id PeerID, has int) {
	if has <= len(n.cfg.Pending(true)) {
		return
	}
	now, last := time.Now().UnixNano(), n.askedBack.Load()
	if now-last < int64(n.cfg.poolEvery) || !n.askedBack.CompareAndSwap(last, now) {
		return
	}
	n.background(func() {
		ctx, cancel := context.WithTimeout(n.ctx, askTimeout)
		defer cancel()
		_, _ = n.syncPool(ctx, id, true) // the next comparison does what this one could not
	})
}

// keepPools compares the pool with one peer's from time to time.
func (n *Network) keepPools() {
	first := n.cfg.poolEvery
	for every, since := first, time.Duration(0); n.pause(first); {
		peers := n.up()
		if since += first; len(peers) == 0 || since < every && len(n.cfg.Pending(false)) == 0 {
			continue
		}
		ctx, cancel := context.WithTimeout(n.ctx, askTimeout)
		if found, _ := n.SyncPool(ctx, peers[mrand.IntN(len(peers))]); found > 0 {
			every = first
		} else {
			every = min(2*every, poolSeldom)
		}
		since = 0
		cancel()
	}
}

// greet is what a node does first with a new peer, besides consensus: it takes over what waits, and whom the peer knows.
func (n *Network) greet(id PeerID) {
	ctx, cancel := context.WithTimeout(n.ctx, 3*askTimeout)
	defer cancel()
	// Others that were connected before the peer told us have nobody else to hear it from at once.
	_, _ = n.syncPool(ctx, id, true)
	n.finder.learn(ctx, id)
	n.ping(ctx, id)
}

// pause waits about d, and reports whether to go on.
func (n *Network) pause(d time.Duration) bool {
	t := time.NewTimer(jittered(d))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-n.ctx.Done():
		return false
	}
}

// jittered is d, a tenth more or less, so that nodes started together do not stay in step.
func jittered(d time.Duration) time.Duration {
	return d + time.Duration((mrand.Float64()-0.5)*0.2*float64(d))
}
