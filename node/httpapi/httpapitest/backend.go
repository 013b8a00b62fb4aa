package httpapitest

import (
	"context"
	"strconv"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/ledger/tree"
)

// PeerID stands for libp2p's name of every key here.
const PeerID = "12D3KooWCdfSXUxFHtpSDfoPCrXoHDEDbWNBYQRwAJFdYgwxU3Nn"

var _ httpapi.Backend = (*Solo)(nil)

// Node implements httpapi.Backend.
func (s *Solo) Node() httpapi.NodeInfo {
	n := httpapi.NodeInfo{
		Version: "v0.0.0-test", State: s.State, NetworkUID: "uid", Ordinal: 2,
		Address: s.Validator.Public(), Keys: s.keys(), PeerID: PeerID, P2PPort: 8010,
	}
	if s.State == httpapi.AwaitingGenesis {
		return n
	}
	n.FirstHeight = max(1, s.PrunedBelow)
	n.ChainID, n.GenesisHash, n.Height, n.Validator, n.Stake = s.genesis.ChainID, s.hash, s.Tip(), true, 25*chain.UnitsPerPOS
	return n
}

// Tip is the height of the last final block.
func (s *Solo) Tip() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return uint64(len(s.blocks))
}

// Attest implements httpapi.Backend.
func (s *Solo) Attest(nonce []byte) (chain.Attestation, error) {
	if s.Ceremony == nil {
		return chain.Attestation{}, httpapi.ErrNoCeremony
	}
	id := chain.Identity{NetworkUID: "uid", Ordinal: 2, Address: s.Validator.Public(), Keys: s.keys()}
	msg := chain.IdentityMessage(&id)
	id.AccountProof, id.ConsensusProof = s.Validator.Sign(msg), s.consensus.Sign(msg)
	id.VRFProof, id.PeerProof = s.vrf.Sign(msg), s.peer.Sign(msg)
	return chain.Attest(s.Ceremony, nonce, &id), nil
}

// Genesis implements httpapi.Backend.
func (s *Solo) Genesis() []byte {
	if s.State == httpapi.AwaitingGenesis {
		return nil
	}
	b, err := s.genesis.MarshalFile()
	s.must(err)
	return b
}

// Crowded implements httpapi.Backend: the pool of a lone validator has room, unless a test says otherwise.
func (s *Solo) Crowded() bool { return s.Full }

// Status implements httpapi.Backend.
func (s *Solo) Status() httpapi.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := uint64(len(s.blocks))
	set := s.sets[h]
	st := httpapi.Status{
		ChainID: s.genesis.ChainID, GenesisHash: s.hash, Height: h, BlockTime: Time, Step: "idle", SyncTarget: h,
		Validators: set.Len(), TotalStake: set.Total(), OnlineStake: set.Total(),
		PoolTxs: s.pool.Stats().Transactions, PoolBytes: s.pool.Stats().Bytes, Idle: true,
	}
	if h > 0 {
		st.BlockHash, st.BlockTime = s.blocks[h-1].Hash, s.blocks[h-1].Block.Header.Time
	}
	return st
}

// BlockAt implements httpapi.Backend.
func (s *Solo) BlockAt(ctx context.Context, height uint64) (*httpapi.Block, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case height == 0 || height > uint64(len(s.blocks)):
		return nil, httpapi.ErrNotFound
	case height < s.PrunedBelow:
		return nil, httpapi.BeforeHistory{First: s.PrunedBelow}
	}
	return s.blocks[height-1], nil
}

// RawBlock implements httpapi.Backend.
func (s *Solo) RawBlock(ctx context.Context, height uint64) ([]byte, error) {
	b, err := s.BlockAt(ctx, height)
	if err != nil {
		return nil, err
	}
	return chain.Encode(b.Block), nil
}

// BlockByHash implements httpapi.Backend.
func (s *Solo) BlockByHash(_ context.Context, hash chain.Hash) (*httpapi.Block, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.blocks {
		if b.Hash == hash {
			return b, nil
		}
	}
	return nil, httpapi.ErrNotFound
}

// Draw implements httpapi.Backend.
func (s *Solo) Draw(_ context.Context, height, round uint64) (*httpapi.Draw, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if height == 0 || height > uint64(len(s.sets)) {
		return nil, httpapi.ErrNotFound
	}
	set := s.sets[height-1]
	return &httpapi.Draw{Draw: set.Draw(s.seeds[height-1], height, round), Set: set}, nil
}

// Account implements httpapi.Backend.
func (s *Solo) Account(_ context.Context, addr chain.Address, proof bool) (*httpapi.Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	acc, err := ledger.ReadAccount(values{s}, addr)
	if err != nil {
		return nil, err
	}
	next, err := s.pool.NextNonce(addr)
	if err != nil {
		return nil, err
	}
	h := uint64(len(s.blocks))
	out := &httpapi.Account{Address: addr, Balance: acc.Balance, Nonce: acc.Nonce, NextNonce: next, Height: h}
	if addr == s.Validator.Public() {
		out.Bonded = 25 * chain.UnitsPerPOS
	}
	if !proof {
		return out, nil
	}
	if h == 0 {
		return nil, httpapi.ErrNotFound
	}
	key := ledger.AccountKey(addr)
	p, err := tree.Prove(nodes{s}, h, ledger.TreeKey(key))
	if err != nil {
		return nil, err
	}
	b := s.blocks[h-1]
	out.Proof = &httpapi.AccountProof{Header: b.Block.Header, Certificate: b.Certificate, Value: s.values[string(key)]}
	out.Proof.Tree, err = p.MarshalBinary()
	return out, err
}

// Validators implements httpapi.Backend.
func (s *Solo) Validators(_ context.Context, height uint64) (*httpapi.Validators, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if height == 0 {
		height = uint64(len(s.sets))
	}
	if height > uint64(len(s.sets)) {
		return nil, httpapi.ErrNotFound
	}
	set := s.sets[height-1]
	out := &httpapi.Validators{Height: height, SetHash: set.Hash(), TotalStake: set.Total()}
	for _, g := range s.genesis.Validators {
		v := httpapi.Validator{Address: g.Address, Keys: g.Keys, PeerID: PeerID}
		if i, ok := set.Index(g.Address); ok {
			v.Stake, v.Bonded, v.Online, v.Forged = set.At(i).Stake, set.At(i).Stake, true, uint64(len(s.blocks))
		}
		out.Validators = append(out.Validators, v)
	}
	return out, nil
}

// Bonds implements httpapi.Backend. Its cursors are positions.
func (s *Solo) Bonds(_ context.Context, cursor string, limit int) (*httpapi.BondPage, error) {
	at := 0
	if cursor != "" {
		var err error
		if at, err = strconv.Atoi(cursor); err != nil || at < 0 || at > len(s.genesis.Bonds) {
			return nil, httpapi.ErrBadCursor
		}
	}
	page := &httpapi.BondPage{Height: s.Tip(), Total: 25 * chain.UnitsPerPOS}
	for _, b := range s.genesis.Bonds[at:min(at+limit, len(s.genesis.Bonds))] {
		page.Bonds = append(page.Bonds, httpapi.Bond{Staker: b.Staker, Validator: b.Validator, Amount: b.Amount})
	}
	return page, nil
}

// Peers implements httpapi.Backend.
func (s *Solo) Peers() []httpapi.Peer {
	v := s.Spare
	return []httpapi.Peer{
		{PeerID: PeerID, Address: "/ip4/127.0.0.1/udp/8011/quic-v1", Validator: &v, Height: 3, ConnectedSince: time.UnixMilli(Time), Latency: 1500 * time.Microsecond},
		{PeerID: PeerID, Address: "/ip4/127.0.0.1/tcp/8012", Inbound: true, ConnectedSince: time.UnixMilli(Time)},
	}
}

// Submit implements httpapi.Backend.
func (s *Solo) Submit(_ context.Context, raw []byte) (chain.Hash, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var id chain.Hash
	if t, err := chain.DecodeTx(raw); err == nil {
		id = t.Tx.ID()
		if _, final := s.txs[id]; final {
			return id, chain.Refuse(chain.RefusedDuplicate, "this transaction is final already")
		}
	}
	tx, err := s.pool.Add(raw)
	if err != nil {
		return id, err
	}
	return tx.ID, nil
}

// SubmitAll implements httpapi.Backend.
func (s *Solo) SubmitAll(ctx context.Context, raws [][]byte) []httpapi.Submitted {
	out := make([]httpapi.Submitted, len(raws))
	for i, raw := range raws {
		out[i].ID, out[i].Err = s.Submit(ctx, raw)
	}
	return out
}

// Tx implements httpapi.Backend.
func (s *Solo) Tx(_ context.Context, id chain.Hash) (*httpapi.Tx, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if tx, ok := s.txs[id]; ok {
		return &tx, nil
	}
	if tx := s.pool.Get(id); tx != nil {
		return &httpapi.Tx{Raw: tx.Raw}, nil
	}
	return nil, httpapi.ErrNotFound
}

// WaitFinal implements httpapi.Backend.
func (s *Solo) WaitFinal(ctx context.Context, id chain.Hash) error {
	for {
		s.mu.Lock()
		_, final := s.txs[id]
		news := s.final
		s.mu.Unlock()
		if final {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// WaitBlock implements httpapi.Backend.
func (s *Solo) WaitBlock(ctx context.Context, height uint64) error {
	for {
		s.mu.Lock()
		tip, news := uint64(len(s.blocks)), s.final
		s.mu.Unlock()
		if tip >= height {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Pool implements httpapi.Backend.
func (s *Solo) Pool(after uint64, limit int) httpapi.PoolPage {
	st := s.pool.Stats()
	page := httpapi.PoolPage{Total: st.Transactions, Bytes: st.Bytes}
	for _, tx := range s.pool.List(after, limit) {
		page.Txs = append(page.Txs, httpapi.PoolTx{Raw: tx.Raw, Seq: tx.Seq})
	}
	return page
}
