package node

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/posnet/posnet/node/catchup"
	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/ledger/tree"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/store"
	"github.com/posnet/posnet/node/telemetry"
)

// backend is what the API reads: the store, and what the loop published last.
// Nothing here waits for the loop.
type backend struct{ *service }

// Node implements httpapi.Backend.
func (b backend) Node() httpapi.NodeInfo {
	id := &b.identity.Public
	info := httpapi.NodeInfo{
		Version: telemetry.Build().Version, State: httpapi.AwaitingGenesis,
		NetworkUID: id.NetworkUID, Ordinal: id.Ordinal, Address: id.Address, Keys: id.Keys,
		PeerID: b.peerID, P2PPort: b.cfg.PeerPort,
	}
	m := b.joined.Load()
	if m == nil {
		if g := b.genesis.Load(); g != nil {
			info.State, info.ChainID, info.GenesisHash = httpapi.Starting, g.ChainID, g.Hash()
			if t := b.taking.Load(); t != nil {
				info.Reason, info.Message = joiningBySnapshot, takingOver(t)
			}
		}
		return info
	}
	v := m.view.Load()
	info.ChainID, info.GenesisHash, info.Height, info.Validator = m.genesis.ChainID, m.hash, v.Height, v.Validator
	if i, ok := v.Set.Index(id.Address); ok {
		info.Stake = v.Set.At(i).Stake
	}
	info.P2PPort, info.FirstHeight = m.net.Port(), m.store.Base()
	info.State = httpapi.Running
	p := m.catchup.Progress()
	switch h := b.halted.Load(); {
	case h != nil:
		info.State, info.Reason, info.Message = httpapi.Stopped, h.reason, h.message
	case v.DiskFull:
		info.Reason, info.Message = "DiskFull", "no room on the disk of the data directory: the node signs and commits nothing until there is"
	case behind(p):
		info.State, info.Message = httpapi.CatchingUp, fmt.Sprintf("at height %d of %d", p.Height, p.Target)
		if m.lacks() {
			info.Reason, info.Message = historyMissing, *m.missing.Load()
		}
	case m.lacks():
		info.Reason, info.Message = historyMissing, *m.missing.Load()
	case v.Validator && !v.Voting:
		info.Reason, info.Message = "Listening", "not voting until vote states were exchanged with more than two thirds of the stake"
	}
	return info
}

// Attest implements httpapi.Backend.
func (b backend) Attest(nonce []byte) (chain.Attestation, error) {
	if len(b.cfg.CeremonySecret) == 0 {
		return chain.Attestation{}, httpapi.ErrNoCeremony
	}
	if len(nonce) != chain.NonceBytes {
		return chain.Attestation{}, newNonceError(len(nonce))
	}
	return chain.Attest(b.cfg.CeremonySecret, nonce, &b.identity.Public), nil
}

// Genesis implements httpapi.Backend.
func (b backend) Genesis() []byte {
	if m := b.joined.Load(); m != nil {
		return m.file
	}
	if g := b.genesis.Load(); g != nil {
		if file, err := g.MarshalFile(); err == nil {
			return file
		}
	}
	return nil
}

// Status implements httpapi.Backend.
func (b backend) Status() httpapi.Status {
	m := b.joined.Load()
	v := m.view.Load()
	pool := m.loop.replica.Pool().Stats()
	p := m.catchup.Progress()
	return httpapi.Status{
		ChainID: m.genesis.ChainID, GenesisHash: m.hash,
		Height: v.Height, BlockHash: v.Hash, BlockTime: v.Time, Round: v.Round, Step: v.Step.String(),
		CatchingUp: behind(p), SyncTarget: max(p.Target, v.Height),
		Validators: v.Set.Len(), TotalStake: v.Set.Total(), OnlineStake: v.Online, FaultTolerant: v.Set.FaultTolerant(),
		Peers: len(m.net.Peers()), PoolTxs: pool.Transactions, PoolBytes: pool.Bytes,
		// A validator that is alone has decided a block whenever its state can be seen: it is not idle while there is work.
		Idle: v.Step.String() == "idle" && uint64(m.loop.replica.Pool().Executable()) < v.Params.MinTxs,
	}
}

// Tip implements httpapi.Backend.
func (b backend) Tip() uint64 { return b.joined.Load().view.Load().Height }

// BlockAt implements httpapi.Backend.
func (b backend) BlockAt(_ context.Context, height uint64) (*httpapi.Block, error) {
	m := b.joined.Load()
	raw, err := m.store.Block(height)
	if err != nil {
		return nil, m.older(height, notFound(err))
	}
	block, err := chain.DecodeBlock(raw, chain.MaxBlockBytes)
	if err != nil {
		return nil, err
	}
	rawCert, err := m.store.Certificate(height)
	if err != nil {
		return nil, err
	}
	cert := new(chain.Certificate)
	if err := chain.Decode(rawCert, cert, chain.MaxBlockBytes); err != nil {
		return nil, err
	}
	out := &httpapi.Block{Block: block, Hash: block.Header.Hash(), Certificate: cert, Size: len(raw)}
	t := m.recent.get(out.Hash)
	out.FirstSeen, out.Final = t.seen, t.final
	return out, nil
}

// RawBlock implements httpapi.Backend.
func (b backend) RawBlock(_ context.Context, height uint64) ([]byte, error) {
	m := b.joined.Load()
	raw, err := m.store.Block(height)
	return raw, m.older(height, notFound(err))
}

// BlockByHash implements httpapi.Backend.
func (b backend) BlockByHash(ctx context.Context, hash chain.Hash) (*httpapi.Block, error) {
	height, err := b.joined.Load().store.HeightOf(hash)
	if err != nil {
		return nil, notFound(err)
	}
	return b.BlockAt(ctx, height)
}

// Draw implements httpapi.Backend.
func (b backend) Draw(_ context.Context, height, round uint64) (*httpapi.Draw, error) {
	m := b.joined.Load()
	v := m.view.Load()
	if height == v.Height+1 {
		return &httpapi.Draw{Draw: v.Set.Draw(v.Seed, height, round), Set: v.Set}, nil
	}
	seed, set, err := replica.ReadPast(m.store, height)
	if err != nil {
		return nil, m.older(height, notFound(err))
	}
	return &httpapi.Draw{Draw: set.Draw(seed, height, round), Set: set}, nil
}

// proofTries bounds how often an account is read anew because blocks overtook its proof.
const proofTries = 5

// Account implements httpapi.Backend.
func (b backend) Account(_ context.Context, addr chain.Address, proof bool) (out *httpapi.Account, err error) {
	for range proofTries {
		out, err = b.account(addr, proof)
		if !errors.Is(err, tree.ErrMissing) {
			break
		}
	}
	return out, err
}

func (b backend) account(addr chain.Address, proof bool) (*httpapi.Account, error) {
	m := b.joined.Load()
	view, err := m.store.View()
	if err != nil {
		return nil, err
	}
	defer view.Close()
	tip, err := view.Tip()
	if err != nil {
		return nil, err
	}
	out := &httpapi.Account{Address: addr, Height: tip.Height}
	acc, err := ledger.ReadAccount(view.StateReader(), addr)
	if err != nil {
		return nil, err
	}
	out.Balance, out.Nonce = acc.Balance, acc.Nonce
	if out.NextNonce, err = m.loop.replica.Pool().NextNonce(addr); err != nil {
		return nil, err
	}
	if out.Bonded, err = m.bonded.by(view, tip.Height, addr); err != nil {
		return nil, err
	}
	if !proof {
		return out, nil
	}
	if tip.Height == 0 {
		return nil, fmt.Errorf("%w: before the first block there is no certificate to prove anything with", httpapi.ErrUnavailable)
	}
	key := ledger.AccountKey(addr)
	value, err := view.State(key)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	p, err := tree.Prove(view, tip.Height, ledger.TreeKey(key))
	if err != nil {
		return nil, err
	}
	encoded, err := p.MarshalBinary()
	if err != nil {
		return nil, err
	}
	out.Proof = &httpapi.AccountProof{Tree: encoded, Value: value, Certificate: new(chain.Certificate)}
	return out, readHeader(view, tip.Height, out.Proof)
}

func readHeader(v *store.View, height uint64, into *httpapi.AccountProof) error {
	raw, err := v.Block(height)
	if err != nil {
		return err
	}
	block, err := chain.DecodeBlock(raw, chain.MaxBlockBytes)
	if err != nil {
		return err
	}
	cert, err := v.Certificate(height)
	if err != nil {
		return err
	}
	into.Header = block.Header
	return chain.Decode(cert, into.Certificate, chain.MaxBlockBytes)
}

// Submit implements httpapi.Backend.
func (b backend) Submit(ctx context.Context, raw []byte) (chain.Hash, error) {
	r := b.SubmitAll(ctx, [][]byte{raw})[0]
	return r.ID, r.Err
}

// Crowded implements httpapi.Backend.
func (b backend) Crowded() bool { return b.joined.Load().loop.replica.Pool().Crowded() }

// SubmitAll implements httpapi.Backend.
func (b backend) SubmitAll(_ context.Context, raws [][]byte) []httpapi.Submitted {
	m := b.joined.Load()
	results := m.loop.replica.Pool().AddOwn(raws)
	out := make([]httpapi.Submitted, 0, len(raws))
	fresh := make([][]byte, 0, len(raws))
	for _, r := range results {
		if r.Err == nil {
			out = append(out, httpapi.Submitted{ID: r.ID})
			fresh = append(fresh, r.Tx.Raw)
			continue
		}
		m.countRefusal(r.Err)
		out = append(out, httpapi.Submitted{ID: r.ID, Err: r.Err})
	}
	m.metrics.Mempool.Accepted.Add(float64(len(fresh)))
	m.net.PublishTxs(fresh...)
	return out
}

func (m *member) countRefusal(err error) {
	var r *chain.Refusal
	if errors.As(err, &r) {
		m.metrics.Mempool.Rejected(string(r.Code))
	}
}

// Tx implements httpapi.Backend.
func (b backend) Tx(_ context.Context, id chain.Hash) (*httpapi.Tx, error) {
	m := b.joined.Load()
	if tx := m.loop.replica.Pool().Get(id); tx != nil {
		return &httpapi.Tx{Raw: tx.Raw}, nil
	}
	return finalTx(m.store, id)
}

// finalTx looks at each place where the transaction may be, and fails with httpapi.ErrNotFound when it is at none.
func finalTx(s *store.Store, id chain.Hash) (*httpapi.Tx, error) {
	places, err := s.Tx(id)
	if err != nil {
		return nil, notFound(err)
	}
	for _, at := range places {
		raw, err := s.Block(at.Height)
		if err != nil {
			return nil, notFound(err)
		}
		block, err := chain.DecodeBlock(raw, chain.MaxBlockBytes)
		if err != nil || int(at.Index) >= len(block.Txs) {
			return nil, errors.Join(err, store.ErrCorrupt)
		}
		if tx := block.Txs[at.Index]; chain.Sum(chain.BodyOf(tx)) == id {
			return &httpapi.Tx{Raw: tx, Final: true, Height: at.Height, Index: int(at.Index)}, nil
		}
	}
	return nil, httpapi.ErrNotFound
}

// WaitFinal implements httpapi.Backend.
func (b backend) WaitFinal(ctx context.Context, id chain.Hash) error {
	m := b.joined.Load()
	told, done := m.waiters.add(id)
	defer done()
	if _, err := finalTx(m.store, id); err == nil {
		return nil // before we began to wait
	}
	return wait(ctx, told)
}

// WaitBlock implements httpapi.Backend.
func (b backend) WaitBlock(ctx context.Context, height uint64) error {
	return b.joined.Load().blocks.wait(ctx, height)
}

// Pool implements httpapi.Backend.
func (b backend) Pool(after uint64, limit int) httpapi.PoolPage {
	pool := b.joined.Load().loop.replica.Pool()
	s := pool.Stats()
	page := httpapi.PoolPage{Total: s.Transactions, Bytes: s.Bytes}
	for _, tx := range pool.List(after, limit) {
		page.Txs = append(page.Txs, httpapi.PoolTx{Raw: tx.Raw, Seq: tx.Seq})
	}
	return page
}

// Peers implements httpapi.Backend.
func (b backend) Peers() []httpapi.Peer {
	m := b.joined.Load()
	v := m.view.Load()
	var out []httpapi.Peer
	for _, p := range m.net.Peers() {
		q := httpapi.Peer{
			PeerID: p.ID.String(), Address: p.Addr, Inbound: p.Inbound, Height: p.Height,
			ConnectedSince: p.Since, Latency: p.Latency,
		}
		if i, ok := v.Set.ByPeer(p.Key); ok {
			a := v.Set.At(i).Address
			q.Validator = &a
		}
		out = append(out, q)
	}
	return out
}

func notFound(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return httpapi.ErrNotFound
	}
	return err
}

// cursorOf and fromCursor make a state key opaque to clients.
func cursorOf(key []byte) string { return hex.EncodeToString(key) }

func fromCursor(s string) ([]byte, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) > 128 {
		return nil, httpapi.ErrBadCursor
	}
	return b, nil
}

var _ httpapi.Backend = backend{}

// behind reports whether a node lags what it has verified, with hysteresis:
// one block is what a peer may always be ahead.
func behind(p catchup.Progress) bool {
	return p.Target > p.Height+1 && time.Since(p.Since) > 500*time.Millisecond
}
