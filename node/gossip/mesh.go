package gossip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/protocol"
	"golang.org/x/time/rate"

	"github.com/posnet/posnet/node/chain"
)

const (
	// batchBytes caps a message of transactions.
	batchBytes = 64 << 10
	// batchWait is how long after a message the next one waits for company. The first goes at once.
	batchWait = 5 * time.Millisecond
	// waitingBytes bounds transactions that wait to be sent. What does not fit reaches peers when pools are compared.
	waitingBytes = 4 << 20
	// burst is how many messages go at once; the queues of gossipsub hold a few of these.
	burst = 16

	meshPerSecond, meshAtOnce = 500, 2000 // messages of the mesh from one peer
)

// mesh spreads transactions over gossipsub, several to a message.
type mesh struct {
	net   *Network
	topic *pubsub.Topic
	leave pubsub.RelayCancelFunc
	wake  chan struct{}

	mu      sync.Mutex
	waiting [][]byte
	bytes   int
}

func newMesh(n *Network) (*mesh, error) {
	m := &mesh{net: n, wake: make(chan struct{}, 1)}
	params := pubsub.DefaultGossipSubParams()
	params.HeartbeatInterval = time.Second
	ps, err := pubsub.NewGossipSub(n.ctx, n.host,
		pubsub.WithGossipSubParams(params),
		pubsub.WithGossipSubProtocols([]protocol.ID{n.protos.mesh}, func(f pubsub.GossipSubFeature, p protocol.ID) bool {
			return p == n.protos.mesh && (f == pubsub.GossipSubFeatureMesh || f == pubsub.GossipSubFeatureIdontwant)
		}),
		// A message is what is in it, whoever made it: the transactions are signed, and equal batches are one.
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign),
		pubsub.WithMessageIdFn(func(msg *pb.Message) string { h := chain.Sum(msg.GetData()); return string(h[:]) }),
		// What this node publishes goes to every peer, not only to those of the mesh: right after a start there is no mesh
		// yet, and a transaction that nobody else holds waits until this node wins the lottery.
		pubsub.WithFloodPublish(true),
		pubsub.WithMaxMessageSize(4*batchBytes),
		pubsub.WithPeerOutboundQueueSize(4*burst),
		pubsub.WithValidateQueueSize(256),
		pubsub.WithSubscriptionFilter(pubsub.WrapLimitSubscriptionFilter(pubsub.NewAllowlistSubscriptionFilter(n.protos.topic), 8)),
		pubsub.WithAppSpecificRpcInspector(m.inspect()),
		pubsub.WithLogger(n.cfg.Log.With("part", "gossipsub")),
	)
	if err != nil {
		return nil, fmt.Errorf("start gossipsub: %w", err)
	}
	if err := ps.RegisterTopicValidator(n.protos.topic, m.judge, pubsub.WithValidatorConcurrency(64)); err != nil {
		return nil, fmt.Errorf("watch over gossiped transactions: %w", err)
	}
	if m.topic, err = ps.Join(n.protos.topic); err != nil {
		return nil, fmt.Errorf("join the mesh of transactions: %w", err)
	}
	// The judge admits, so nothing needs to be delivered; to relay is enough.
	if m.leave, err = m.topic.Relay(); err != nil {
		return nil, fmt.Errorf("join the mesh of transactions: %w", err)
	}
	return m, nil
}

// inspect refuses messages of peers that send too many. It is called from one goroutine.
func (m *mesh) inspect() func(PeerID, *pubsub.RPC) error {
	rates := map[PeerID]*rate.Limiter{}
	return func(id PeerID, _ *pubsub.RPC) error {
		r := rates[id]
		if r == nil {
			if len(rates) > 4*m.net.cfg.MaxPeers {
				clear(rates) // of peers long gone, mostly; the others start anew
			}
			r = rate.NewLimiter(meshPerSecond, meshAtOnce)
			rates[id] = r
		}
		if !r.Allow() {
			m.net.cfg.Metrics.Dropped("transaction", "in")
			return errors.New("too many messages")
		}
		return nil
	}
}

// judge admits the transactions of a message. It is passed on only if each of them was verified by us, and one of them was
// new: otherwise a peer could be blamed for what it could not know. Others reach who lacks them when pools are compared:
// to send what is new in them again would make a message that nobody has seen, of transactions that most peers have.
func (m *mesh) judge(_ context.Context, from PeerID, msg *pubsub.Message) pubsub.ValidationResult {
	n := m.net
	if from == n.ID() {
		return pubsub.ValidationAccept
	}
	raws, err := decodeBatch(msg.GetData())
	if err != nil {
		n.Misbehaved(from, offenceOf(err))
		return pubsub.ValidationReject
	}
	n.cfg.Metrics.Message("transaction", "in", len(msg.GetData()))
	fresh, held, offence := n.admit(from, raws)
	switch {
	case offence != "":
		n.Misbehaved(from, offence)
		m.publish(cloned(fresh)...)
		return pubsub.ValidationReject
	case len(fresh) > 0 && len(fresh)+held == len(raws):
		return pubsub.ValidationAccept
	}
	return pubsub.ValidationIgnore
}

// cloned gives transactions that do not keep the message they came in.
func cloned(raws [][]byte) [][]byte {
	out := make([][]byte, len(raws))
	for i, raw := range raws {
		out[i] = bytes.Clone(raw)
	}
	return out
}

func offenceOf(err error) Offence {
	if errors.Is(err, chain.ErrTooLarge) || errors.Is(err, errOversized) {
		return OffenceOversized
	}
	return OffenceMalformed
}

// decodeBatch reads a message: the canonical encoding of an array of byte strings, not empty. The transactions are parts of
// b, which nobody else may change; one of them keeps all of it.
func decodeBatch(b []byte) ([][]byte, error) {
	if len(b) > batchBytes {
		return nil, fmt.Errorf("read transactions: %w: %d bytes, at most %d are allowed", chain.ErrTooLarge, len(b), batchBytes)
	}
	n, b, err := chain.CutArray(b)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read transactions: %w", err)
	case n == 0:
		return nil, fmt.Errorf("read transactions: %w: there are none", chain.ErrEncoding)
	case n > uint64(len(b)/6): // no transaction is that short, and nobody makes us allocate far more than he sends
		return nil, fmt.Errorf("read transactions: %w: %d in %d bytes", chain.ErrEncoding, n, len(b))
	}
	raws := make([][]byte, n)
	for i := range raws {
		if raws[i], b, err = chain.CutBytes(b, batchBytes); err != nil {
			return nil, fmt.Errorf("read transaction %d: %w", i, err)
		}
	}
	if len(b) > 0 {
		return nil, fmt.Errorf("read transactions: %w: %d bytes follow", chain.ErrEncoding, len(b))
	}
	return raws, nil
}

// admit offers a peer's transactions to the pool. It returns those that are new, how many were there already, and the
// offence if one of them is garbage: something that is wrong whatever the state, and that its sender could have seen.
func (n *Network) admit(from PeerID, raws [][]byte) (fresh [][]byte, held int, offence Offence) {
	errs := n.cfg.Admit(from, raws)
	for i, raw := range raws[:min(len(raws), len(errs))] {
		err := errs[i]
		if err == nil {
			fresh = append(fresh, raw)
			continue
		}
		if errors.Is(err, ErrHeld) {
			held++
			continue
		}
		var refusal *chain.Refusal
		if !errors.As(err, &refusal) {
			continue
		}
		switch refusal.Code {
		case chain.RefusedMalformed, chain.RefusedTooLarge, chain.RefusedUnknownKind:
			offence = OffenceMalformed
		case chain.RefusedSignature, chain.RefusedBadProof, chain.RefusedBadKey:
			offence = OffenceBadSignature
		default:
			if worthRetrying(refusal.Code) {
				n.retries.keep(from, bytes.Clone(raw)) // not all of the message
			}
		}
	}
	return fresh, held, offence
}

// PublishTxs spreads transactions this node's pool admitted from clients. It never blocks: with too many waiting already,
// the rest reaches peers when pools are next compared.
func (n *Network) PublishTxs(raws ...[]byte) { n.mesh.publish(raws...) }

func (m *mesh) publish(raws ...[]byte) {
	if len(raws) == 0 {
		return
	}
	m.mu.Lock()
	for _, raw := range raws {
		if m.bytes+len(raw) > waitingBytes {
			m.net.cfg.Metrics.Dropped("transaction", "out")
			continue
		}
		m.waiting = append(m.waiting, raw)
		m.bytes += len(raw)
	}
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// run sends what waits, until the network closes.
func (m *mesh) run() {
	defer m.leave()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-m.net.ctx.Done():
			return
		case <-m.wake:
		}
		all := batches(m.take())
		for len(all) > burst {
			m.send(all[:burst])
			all = all[burst:]
			if !m.rest(pause) {
				return
			}
		}
		m.send(all)
		if !m.rest(pause) {
			return
		}
	}
}

func (m *mesh) send(messages [][]byte) {
	for _, msg := range messages {
		if err := m.topic.Publish(m.net.ctx, msg); err == nil {
			m.net.cfg.Metrics.Message("transaction", "out", len(msg))
		}
	}
}

// rest waits for batchWait, and reports whether to go on.
func (m *mesh) rest(t *time.Timer) bool {
	t.Reset(batchWait)
	select {
	case <-m.net.ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

func (m *mesh) take() [][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.waiting
	m.waiting, m.bytes = nil, 0
	return all
}

// batches encodes transactions in messages of at most batchBytes, in order.
func batches(raws [][]byte) [][]byte {
	const head, each = 5, 5 // most bytes of a CBOR array's and a byte string's head, of these lengths
	var out [][]byte
	for len(raws) > 0 {
		n, size := 0, head
		for n < len(raws) && size+each+len(raws[n]) <= batchBytes {
			size += each + len(raws[n])
			n++
		}
		if n == 0 {
			raws = raws[1:] // larger than any transaction can be: nobody would take it
			continue
		}
		msg := chain.AppendArray(make([]byte, 0, size), uint64(n))
		for _, raw := range raws[:n] {
			msg = chain.AppendBytes(msg, raw)
		}
		out = append(out, msg)
		raws = raws[n:]
	}
	return out
}
