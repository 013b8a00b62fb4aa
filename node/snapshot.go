package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/gossip"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/signer"
	"github.com/posnet/posnet/node/snapshot"
	"github.com/posnet/posnet/node/store"
)

// joiningBySnapshot is the reason of a node that starts by taking over a state.
const joiningBySnapshot = "JoiningBySnapshot"

// takingOver says how far that is.
func takingOver(t *snapshot.Stats) string {
	text := fmt.Sprintf("looking for peers that offer a state, trusting block %d", t.Trusted)
	switch t.Phase {
	case snapshot.Walking:
		text = fmt.Sprintf("verifying the way from block %d to that of the state, %d: at %d", t.Trusted, t.Height, t.Walked)
	case snapshot.Listing:
		text = fmt.Sprintf("finding out what the state of height %d consists of", t.Height)
	case snapshot.Loading:
		text = fmt.Sprintf("taking over the state of height %d: %d%% of %d MiB", t.Height, 100*t.Taken/max(t.Chunks, 1), t.Bytes>>20)
	case snapshot.Done:
		text = fmt.Sprintf("took over the state of height %d, and opens it", t.Height)
	}
	if t.Trouble != "" {
		text += "; " + t.Trouble
	}
	return text
}

// joining is a node that takes over a state from its peers before it has one of its own. It speaks with them only to ask: it
// serves nothing, takes no transactions and signs nothing.
type joining struct {
	*service
	genesis *chain.Genesis
	hash    chain.Hash
	file    []byte
	dir     string // of the database
	net     *gossip.Network
}

// joinBySnapshot brings the state of a recent height, if a trusted block is configured and the node has no state yet. Afterwards
// it goes on as any node does.
func (s *service) joinBySnapshot(ctx context.Context, g *chain.Genesis) error {
	dir := filepath.Join(s.cfg.DataDir, databaseDir)
	if err := store.ClearImport(vfs.Default, dir); err != nil {
		return err
	}
	trust, err := s.cfg.trust()
	if err != nil || trust == (snapshot.Trust{}) {
		return err
	}
	height, err := s.stateHeight(dir, g.Hash())
	if err != nil {
		return err
	}
	if height > 0 {
		s.log.Info("not joining by snapshot: the node has a state already", "height", height)
		return nil
	}
	file, err := g.MarshalFile()
	if err != nil {
		return err
	}
	j := &joining{service: s, genesis: g, hash: g.Hash(), file: file, dir: dir}
	return j.run(ctx, trust)
}

// stateHeight is the height of the state in a database; 0 if there is none, or only that of the genesis.
func (s *service) stateHeight(dir string, genesis chain.Hash) (uint64, error) {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	db, err := store.Open(vfs.Default, dir, store.Options{Genesis: genesis, Logger: s.log})
	if err != nil {
		return 0, fmt.Errorf("open the database in %s: %w", s.cfg.DataDir, err)
	}
	height := uint64(0)
	if db.Initialized() {
		var tip store.Tip
		tip, err = db.Tip()
		height = tip.Height
	}
	return height, errors.Join(err, db.Close())
}

var errNotYet = errors.New("this node has no state yet")

// run connects to peers and joins.
func (j *joining) run(ctx context.Context, trust snapshot.Trust) (err error) {
	j.net, err = gossip.New(gossip.Config{
		Key: j.identity.Peer, Genesis: j.hash, ListenIP: j.cfg.IP, Port: j.cfg.PeerPort, Seeds: j.cfg.Peers,
		MaxProposalBytes: int(j.genesis.Params.MaxBytes) + proposalOverhead,
		OnFrame:          func(gossip.PeerID, gossip.FrameKind, []byte) bool { return true }, // of no use yet
		OnPeer:           func(gossip.PeerID, bool) {},
		Admit: func(_ gossip.PeerID, raws [][]byte) []error {
			errs := make([]error, len(raws))
			for i := range errs {
				errs[i] = errNotYet
			}
			return errs
		},
		Pending: func(bool) []gossip.Pending { return nil },
		Log:     j.log, Metrics: j.metrics.Peers,
	})
	if err != nil {
		return fmt.Errorf("join the network: %w", err)
	}
	defer func() { err = errors.Join(err, j.net.Close()) }()
	j.log.Info("joining by snapshot", "trusted_height", trust.Height, "trusted_hash", trust.Hash.String())
	began := time.Now()
	result, err := snapshot.Join(ctx, snapshot.JoinConfig{
		Genesis: j.hash, Trust: trust, Peers: j.peers, Fetch: j.fetch, Blame: j.blame, Log: j.log,
		Sink: j.sink,
		Told: func(s snapshot.Stats) {
			j.taking.Store(&s)
			if s.Chunks > 0 {
				j.metrics.Catchup.Snapshot.Set(float64(s.Taken) / float64(s.Chunks))
			}
		},
	})
	j.metrics.Catchup.Snapshot.Set(0)
	if err != nil {
		return fmt.Errorf("join by snapshot: %w", err)
	}
	j.log.Info("joined by snapshot", "height", result.Height, "block", result.Hash.String(), "seconds", time.Since(began).Seconds())
	return nil
}

func (j *joining) peers() []snapshot.Peer {
	connected := j.net.Peers()
	out := make([]snapshot.Peer, len(connected))
	for i, p := range connected {
		out[i] = snapshot.Peer{ID: string(p.ID), Key: p.Key}
	}
	return out
}

func (j *joining) fetch(ctx context.Context, r snapshot.Request) (a snapshot.Answer, err error) {
	id := gossip.PeerID(r.Peer)
	switch r.Kind {
	case snapshot.AskOffer:
		a.Part, err = j.net.FetchPart(ctx, id, gossip.PartOffer, 0, 0, snapshot.MaxOfferBytes)
	case snapshot.AskManifest:
		a.Part, err = j.net.FetchPart(ctx, id, gossip.PartManifest, r.Height, 0, snapshot.MaxManifestBytes)
	case snapshot.AskChunk:
		a.Part, err = j.net.FetchPart(ctx, id, gossip.PartChunk, r.Height, r.Index, snapshot.MaxChunkBytes)
	case snapshot.AskHeaders:
		var headers []gossip.Headed
		headers, err = j.net.FetchHeaders(ctx, id, r.Height, r.Count, r.Set)
		for _, h := range headers {
			a.Headers = append(a.Headers, snapshot.Headed{Header: h.Header, Certificate: h.Certificate, Set: h.Set})
		}
		if len(headers) > 0 {
			err = nil // those that came whole are of use
		}
	case snapshot.AskBlock:
		var blocks []gossip.Fetched
		blocks, err = j.net.FetchBlocks(ctx, id, r.Height, 1)
		if len(blocks) > 0 {
			a.Part, err = blocks[0].Block, nil
		}
	}
	return a, err
}

func (j *joining) blame(peer string, err error) {
	id := gossip.PeerID(peer)
	j.log.Warn("peer brought a wrong part of a state", "peer", id.String(), "error", err)
	offence := gossip.OffenceInvalid
	if errors.Is(err, snapshot.ErrFalse) {
		offence = gossip.OffenceFalseState
	}
	j.net.Misbehaved(id, offence)
}

// sink begins to take a state in.
func (j *joining) sink(ctx context.Context, _ uint64) (snapshot.Sink, error) {
	i, err := store.NewImport(vfs.Default, j.dir, store.Options{Genesis: j.hash, Logger: j.log})
	if err != nil {
		return nil, err
	}
	return &stateSink{
		Import: i, ctx: ctx, genesis: j.hash, file: j.file, signer: j.identity.Signer,
		own: [][]byte{
			ledger.OwnerKey(j.identity.Public.Keys.Consensus), ledger.OwnerKey(j.identity.Public.Keys.VRF),
			ledger.ValidatorKey(j.identity.Public.Address),
		},
	}, nil
}

// stateSink takes a state into the node's database.
type stateSink struct {
	*store.Import
	ctx     context.Context
	genesis chain.Hash
	file    []byte
	signer  *signer.Signer
	own     [][]byte // state keys that are there if this node's validator is registered
	known   bool     // it is
}

// Add implements snapshot.Sink.
func (s *stateSink) Add(key, value []byte) error {
	for _, own := range s.own {
		s.known = s.known || bytes.Equal(key, own)
	}
	return s.Import.Add(key, value)
}

// Build implements snapshot.Sink.
func (s *stateSink) Build(height uint64) (chain.Hash, error) {
	return s.Import.Build(height, s.ctx.Err)
}

// errBroughtKey is the promise of section 4.5 of the design: a brought key signs only if the chain shows no vote by it, or its
// sign-state came along. Without the blocks below the snapshot nobody can look for votes.
var errBroughtKey = errors.New("this node's validator keys are registered on the chain and its sign-state is empty: the blocks below the snapshot, " +
	"which this node would not have, may hold votes of it, and signing again could contradict them; bring the sign-state along with the keys, " +
	"or start with an empty data directory and without --trust-height, so that the whole chain is looked through")

// Commit implements snapshot.Sink.
func (s *stateSink) Commit(r snapshot.Result) error {
	if s.known && s.signer.State() == (signer.Slot{}) {
		return errBroughtKey
	}
	return s.Import.Commit(store.Base{
		Genesis: s.genesis, GenesisFile: s.file, Height: r.Height, BlockHash: r.Hash, Block: r.Block, Certificate: r.Certificate,
		TxIDs: r.TxIDs, Beside: replica.PastRecords(r.Height, r.Seed, r.Set),
	})
}
