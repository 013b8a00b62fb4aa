package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
)

// ListBlocks is a page of the chain, newest first.
func (s *Server) ListBlocks(c echo.Context, p api.ListBlocksParams) error {
	limit, err := pageSize(p.Limit, defaultPage, maxPage)
	if err != nil {
		return err
	}
	tip := s.backend.Tip()
	from, err := numberCursor(p.Cursor, tip)
	if err != nil {
		return err
	}
	out := api.BlockPage{Height: tip, Blocks: []api.BlockSummary{}}
	for h := min(from, tip); h > 0; h-- {
		if len(out.Blocks) == limit {
			next := strconv.FormatUint(h, 10)
			out.Next = &next
			break
		}
		b, err := s.backend.BlockAt(c.Request().Context(), h)
		if errors.Is(err, ErrPruned) {
			break // the list ends where this node's memory does
		}
		if err != nil {
			return err
		}
		hd := &b.Block.Header
		out.Blocks = append(out.Blocks, api.BlockSummary{
			Height: hd.Height, Hash: b.Hash, Round: hd.Round, Forger: hd.Forger, Time: api.TimeOfMillis(hd.Time),
			TxCount: len(b.Block.Txs), Size: b.Size, FinalityMs: finalityMs(b),
		})
	}
	return c.JSON(http.StatusOK, out)
}

// GetBlock is one block with its certificate and a page of its transactions.
func (s *Server) GetBlock(c echo.Context, id api.BlockID, p api.GetBlockParams) error {
	limit, err := pageSize(p.Limit, defaultTxsPage, maxTxsPage)
	if err != nil {
		return err
	}
	from, err := numberCursor(p.Cursor, 0)
	if err != nil {
		return err
	}
	b, err := s.block(c.Request().Context(), id)
	if err != nil {
		return err
	}
	hd := &b.Block.Header
	out := api.Block{
		Height: hd.Height, Hash: b.Hash, Round: hd.Round, Forger: hd.Forger, Time: api.TimeOfMillis(hd.Time),
		TxCount: len(b.Block.Txs), Size: b.Size, FinalityMs: finalityMs(b),
		Header: *hd, Signature: b.Block.Signature, Txs: []api.Tx{}, Evidence: len(b.Block.Evidence),
	}
	if b.Certificate != nil {
		out.Certificate = *b.Certificate
	}
	count := uint64(len(b.Block.Txs))
	from = min(from, count)
	to := min(from+uint64(limit), count)
	for _, raw := range b.Block.Txs[from:to] {
		tx, err := describe(raw)
		if err != nil {
			return fmt.Errorf("block %d: %w", hd.Height, err)
		}
		out.Txs = append(out.Txs, tx)
	}
	if to < count {
		next := strconv.FormatUint(to, 10)
		out.NextTxs = &next
	}
	return c.JSON(http.StatusOK, out)
}

// GetDraw is the lottery of a block, or of the height being decided.
func (s *Server) GetDraw(c echo.Context, id api.BlockID, p api.GetDrawParams) error {
	ctx := c.Request().Context()
	var height, round uint64
	if st := s.backend.Status(); id == strconv.FormatUint(st.Height+1, 10) {
		height, round = st.Height+1, st.Round
	} else {
		b, err := s.block(ctx, id)
		if err != nil {
			return err
		}
		height, round = b.Block.Header.Height, b.Block.Header.Round
	}
	if p.Round != nil {
		if *p.Round < 0 || *p.Round > chain.MaxRound {
			return fail(api.CodeBadParameter, fmt.Sprintf("round: it must be from 0 to %d", uint64(chain.MaxRound)))
		}
		round = uint64(*p.Round)
	}
	d, err := s.backend.Draw(ctx, height, round)
	if errors.Is(err, ErrNotFound) {
		return s.noBlock(height)
	}
	if err != nil {
		return err
	}
	out := api.Draw{
		Height: d.Height, Round: d.Round, Seed: d.Seed, Reference: api.Units(d.Reference), Total: api.Units(d.Total),
		Attempts: d.Attempts, Winner: d.Set.At(d.Winner).Address, Arcs: make([]api.Arc, 0, len(d.Arcs)), Excluded: []api.Excluded{},
	}
	for _, a := range d.Arcs {
		out.Arcs = append(out.Arcs, api.Arc{
			Address: d.Set.At(a.Validator).Address, Stake: api.Units(a.End - a.Start),
			Start: api.Units(a.Start), End: api.Units(a.End), Offset: api.Units(a.Offset),
		})
	}
	for _, i := range d.Excluded {
		v := d.Set.At(i)
		out.Excluded = append(out.Excluded, api.Excluded{Address: v.Address, Stake: api.Units(v.Stake)})
	}
	return c.JSON(http.StatusOK, out)
}

// block finds the block that a path names.
func (s *Server) block(ctx context.Context, id string) (*Block, error) {
	var hash chain.Hash
	if len(id) == 2*len(hash) {
		if err := hash.UnmarshalText([]byte(id)); err != nil {
			return nil, fail(api.CodeBadParameter, fmt.Sprintf("id: %v", err))
		}
		b, err := s.backend.BlockByHash(ctx, hash)
		if errors.Is(err, ErrNotFound) {
			return nil, fail(api.CodeBlockNotFound, "no final block here has this hash"+s.since())
		}
		return b, err
	}
	height := s.backend.Tip()
	if id != "latest" {
		h, err := strconv.ParseUint(id, 10, 64)
		if err != nil || h == 0 {
			return nil, fail(api.CodeBadParameter, "id: name a block by its height (from 1), its hash (64 hexadecimal digits), or `latest`")
		}
		height = h
	}
	if height == 0 {
		return nil, s.noBlock(1)
	}
	b, err := s.backend.BlockAt(ctx, height)
	if errors.Is(err, ErrNotFound) {
		return nil, s.noBlock(height)
	}
	return b, err
}

// since says where the history begins, if that is not the first block: what is not found may be older.
func (s *Server) since() string {
	if first := s.backend.Node().FirstHeight; first > 1 {
		return fmt.Sprintf("; this node's history begins at height %d, since it joined by snapshot", first)
	}
	return ""
}

func (s *Server) noBlock(height uint64) error {
	tip := s.backend.Tip()
	text := fmt.Sprintf("there is no block %d yet; the newest is %d", height, tip)
	if tip == 0 {
		text = "there is no block yet; the first waits for work or for its time"
	}
	return fail(api.CodeBlockNotFound, text).with("height", tip)
}

func finalityMs(b *Block) *int64 {
	if b.FirstSeen.IsZero() || b.Final.IsZero() {
		return nil
	}
	ms := max(0, b.Final.Sub(b.FirstSeen).Milliseconds())
	return &ms
}
