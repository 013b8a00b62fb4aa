package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/gossip"
	"github.com/posnet/posnet/node/httpapi"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/snapshot"
	"github.com/posnet/posnet/node/store"
)

// served is what other nodes may ask for: blocks, headers and states.
type served struct {
	blockSource
	*snapshot.Source
}

func newServed(s *store.Store, m *member) served {
	return served{blockSource{s}, snapshot.NewSource(snapshot.SourceConfig{
		Store: s, Log: m.log,
		Seed: func(height uint64) (chain.Hash, error) {
			past, err := replica.PastOf(s, height)
			return past.Seed, err
		},
	})}
}

// Base implements gossip.SnapshotSource.
func (s served) Base() uint64 { return s.s.Base() }

// Header implements gossip.SnapshotSource.
func (s served) Header(height uint64, known chain.Hash) (*gossip.Headed, error) {
	raw, cert, err := s.BlockAndCertificate(height)
	if err != nil || raw == nil {
		return nil, err
	}
	h := &gossip.Headed{Certificate: cert, Read: len(raw) + len(cert)}
	if h.Header, err = chain.CutHeader(raw); err != nil {
		return nil, err
	}
	past, err := replica.PastOf(s.s, height)
	if err != nil {
		return nil, err
	}
	if h.SetHash = past.Set; h.SetHash != known {
		h.Set, err = past.SetBytes(s.s)
	}
	return h, err
}

var _ gossip.SnapshotSource = served{}

// tidy lets go of states that were pinned for nodes that join and that nobody asks for any more, and looks whether peers have
// what this node needs next.
func (m *member) tidy(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	was := ""
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		gap := m.gap()
		if m.missing.Store(&gap); gap != "" && gap != was {
			m.log.Warn("block missing", "detail", gap)
		}
		if was = gap; n%10 == 0 {
			m.served.Tidy()
		}
	}
}

// older says so when a height is below the first one whose block is here.
func (m *member) older(height uint64, err error) error {
	if first := m.store.Base(); height < first && errors.Is(err, httpapi.ErrNotFound) {
		return httpapi.BeforeHistory{First: first}
	}
	return err
}

// historyMissing is the reason of a node that needs a block which no peer has.
const historyMissing = "HistoryMissing"

// lacks reports whether no peer has the block that this node needs next.
func (m *member) lacks() bool {
	gap := m.missing.Load()
	return gap != nil && *gap != ""
}

// gap says that no connected peer has the block that this node needs next, if that is so, and what helps.
func (m *member) gap() string {
	next, first := m.view.Load().Height+1, uint64(0)
	for _, p := range m.net.Peers() {
		switch {
		case p.Height < next:
		case p.Base <= next:
			return ""
		case first == 0 || p.Base < first:
			first = p.Base
		}
	}
	if first == 0 {
		return ""
	}
	return fmt.Sprintf("no connected peer has block %d, their histories begin at height %d: connect to one that has it, or start with an empty data directory and --trust-height and --trust-hash", next, first)
}

// distrusted ends the node when the chain's block at the trusted height is another than the trusted one. Only a certified block
// counts: nobody else can have a node end.
func (m *member) distrusted(raw, rawCert []byte) error {
	trust, err := m.cfg.trust()
	if err != nil || trust.Height == 0 || m.view.Load().Height+1 != trust.Height {
		return err
	}
	got, certified := m.certified(trust.Height, raw, rawCert)
	if !certified || got == trust.Hash {
		return nil // who takes the block in says what is wrong with it, if anything is
	}
	return fmt.Errorf("the chain's block %d is %s, and this node was told to trust only %s: check --trust-height and --trust-hash against a source you trust; "+
		"if they are right, the validators of this chain have forked it", trust.Height, got, trust.Hash)
}

// certified is the hash of a block, if it is of the height that is being decided and its certificate holds.
func (m *member) certified(height uint64, raw, rawCert []byte) (hash chain.Hash, ok bool) {
	b, err := chain.DecodeBlock(raw, chain.MaxBlockBytes)
	if err != nil || b.Header.Height != height {
		return hash, false
	}
	var cert chain.Certificate
	if chain.Decode(rawCert, &cert, chain.MaxBlockBytes) != nil {
		return hash, false
	}
	hash = b.Header.Hash()
	return hash, m.view.Load().Set.VerifyCertificate(m.hash, height, hash, &cert, nil) == nil
}
