package node

import (
	"context"
	"errors"
	"slices"

	"github.com/posnet/posnet/node/catchup"
	"github.com/posnet/posnet/node/gossip"
	"github.com/posnet/posnet/node/replica"
)

func (m *member) catchupConfig(net *gossip.Network) catchup.Config {
	return catchup.Config{
		Height: func() uint64 { return m.view.Load().Height },
		Target: func() uint64 { return m.believed(net.Peers()) },
		Peers: func() []catchup.Peer {
			peers := net.Peers()
			out := make([]catchup.Peer, len(peers))
			for i, p := range peers {
				out[i] = catchup.Peer{ID: string(p.ID), Height: p.Height, Base: p.Base}
			}
			return out
		},
		Fetch: func(ctx context.Context, peer string, from uint64, count int) ([]catchup.Block, error) {
			fetched, err := net.FetchBlocks(ctx, gossip.PeerID(peer), from, count)
			out := make([]catchup.Block, len(fetched))
			for i, f := range fetched {
				out[i] = catchup.Block{Block: f.Block, Certificate: f.Certificate}
			}
			return out, err
		},
		Apply: func(ctx context.Context, b catchup.Block) error {
			if err := m.distrusted(b.Block, b.Certificate); err != nil {
				return err
			}
			return m.apply(ctx, b.Block, b.Certificate)
		},
		Hostile: func(err error) bool { return errors.Is(err, replica.ErrHostile) },
		Blame: func(peer string, err error) {
			m.log.Warn("peer brought a wrong block", "peer", gossip.PeerID(peer).String(), "error", err)
			net.Misbehaved(gossip.PeerID(peer), gossip.OffenceInvalid)
		},
		Log: m.log,
	}
}

// believed is the highest height that validators with more than a third of the
// stake claim to have decided: at least one of them is honest.
func (m *member) believed(peers []gossip.Peer) uint64 {
	set := m.view.Load().Set
	slices.SortFunc(peers, func(a, b gossip.Peer) int {
		switch {
		case a.Height > b.Height:
			return -1
		case a.Height < b.Height:
			return 1
		}
		return 0
	})
	sum := uint64(0)
	for _, p := range peers {
		if i, ok := set.ByPeer(p.Key); ok {
			if sum += set.At(i).Stake; set.Blocking(sum) {
				return p.Height
			}
		}
	}
	return 0
}
