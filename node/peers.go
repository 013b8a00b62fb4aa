package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/posnet/posnet/node/catchup"
	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/gossip"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/store"
)

// proposalOverhead is what a proposal has beside its block.
const proposalOverhead = 4 << 10

// joinNetwork starts the peers' side. From here on the API answers for the
// chain.
func (m *member) joinNetwork() error {
	m.served = newServed(m.store, m)
	m.metrics.Catchup.Base.Set(float64(m.store.Base()))
	net, err := gossip.New(gossip.Config{
		Key: m.identity.Peer, Genesis: m.hash, ListenIP: m.cfg.IP, Port: m.cfg.PeerPort, Seeds: m.cfg.Peers,
		MaxProposalBytes: int(m.genesis.Params.MaxBytes) + proposalOverhead,
		Prefer: func(k chain.PublicKey) bool {
			_, ok := m.view.Load().Set.ByPeer(k)
			return ok
		},
		OnFrame: m.onFrame,
		OnPeer: func(id gossip.PeerID, up bool) {
			if !up {
				return
			}
			// Not waiting for room: the vote state is repeated anyway.
			select {
			case m.loop.calls <- func() { m.loop.replica.PeerUp(string(id)) }:
			default:
			}
		},
		Admit:   m.admit,
		Pending: m.pending,
		Blocks:  m.served, Log: m.log, Metrics: m.metrics.Peers,
	})
	if err != nil {
		return fmt.Errorf("join the network: %w", err)
	}
	m.catchup, err = catchup.New(m.catchupConfig(net))
	if err != nil {
		return errors.Join(err, net.Close())
	}
	m.net = net
	net.SetExpectedPeers(m.view.Load().Set.Len() - 1)
	m.joined.Store(m)
	if m.cfg.Ready != nil {
		m.cfg.Ready(Ports{API: m.ports.API, Peer: net.Port(), Private: m.ports.Private})
	}
	return nil
}

func (m *member) onFrame(from gossip.PeerID, kind gossip.FrameKind, payload []byte) bool {
	key, err := gossip.KeyOf(from)
	if err != nil {
		return true // the transport admits none such
	}
	_, validator := m.view.Load().Set.ByPeer(key)
	return m.loop.offer(inbound{
		peer: string(from), key: key, validator: validator, kind: byte(kind), payload: payload,
		refused: func(err error) {
			m.log.Debug("frame refused", "peer", from.String(), "kind", int(kind), "error", err)
			switch {
			case errors.Is(err, chain.ErrEncoding), errors.Is(err, chain.ErrTooLarge):
				m.net.Misbehaved(from, gossip.OffenceMalformed)
			case errors.Is(err, replica.ErrHostile):
				m.net.Misbehaved(from, gossip.OffenceInvalid)
			}
		},
	})
}

// admit offers transactions of a peer to the pool.
func (m *member) admit(_ gossip.PeerID, raws [][]byte) []error {
	pool := m.loop.replica.Pool()
	results := pool.AddAll(raws)
	out := make([]error, len(results))
	accepted := 0
	for i, r := range results {
		if out[i] = r.Err; r.Err == nil {
			accepted++
			continue
		}
		m.countRefusal(r.Err)
		if refusal := new(chain.Refusal); errors.As(r.Err, &refusal) && refusal.Code == chain.RefusedDuplicate {
			if _, _, held := pool.Opened(raws[i]); held {
				out[i] = gossip.ErrHeld
			}
		}
	}
	m.metrics.Mempool.Accepted.Add(float64(accepted))
	return out
}

// blockSource serves the store to nodes that catch up.
type blockSource struct{ s *store.Store }

// BlockAndCertificate implements gossip.BlockSource.
func (b blockSource) BlockAndCertificate(height uint64) (block, cert []byte, err error) {
	if block, err = b.s.Block(height); err == nil {
		cert, err = b.s.Certificate(height)
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil, nil
	}
	return block, cert, err
}

// apply brings a fetched block to the replica, on the loop.
func (m *member) apply(ctx context.Context, block, cert []byte) error {
	var err error
	turn := func() {
		err = m.loop.replica.Certified(block, cert)
		m.publish() // before the answer: the asker looks at the height
	}
	if lerr := m.loop.call(ctx, turn); lerr != nil {
		return lerr
	}
	if errors.Is(err, store.ErrNoSpace) { // a full disk is nobody's fault, and passes
		return errors.Join(catchup.ErrLater, err)
	}
	if err == nil {
		m.metrics.Catchup.Blocks.Inc()
	}
	return err
}
