package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
)

// CreateTransaction takes a signed transaction in.
func (s *Server) CreateTransaction(c echo.Context, p api.CreateTransactionParams) error {
	wait, err := s.waitTime(p.Wait, p.Timeout)
	if err != nil {
		return err
	}
	raw, err := s.readTransaction(c)
	if err != nil {
		return err
	}
	if wait > 0 {
		// The place is taken before the transaction is: whoever is told that
		// there is none knows that nothing was sent.
		release, err := s.enter()
		if err != nil {
			return err
		}
		defer release()
	}
	ctx := c.Request().Context()
	id, err := s.backend.Submit(ctx, raw)
	if err != nil {
		e := asAPIError(fmt.Errorf("submit transaction: %w", err))
		if !id.IsZero() {
			e = e.with("id", id)
		}
		if e.body.Code == api.CodeInternal {
			return err
		}
		return e
	}
	where := BasePath + "/transactions/" + id.String()
	c.Response().Header().Set(echo.HeaderLocation, where)
	if wait == 0 {
		return c.JSON(http.StatusAccepted, api.Accepted{Id: id, Status: api.Pending})
	}
	if err := s.waitFinal(ctx, id, wait); err != nil {
		return err
	}
	return s.answerTx(c, id)
}

// GetTransaction tells what became of a transaction, now or when it is final.
func (s *Server) GetTransaction(c echo.Context, id string, p api.GetTransactionParams) error {
	var hash chain.Hash
	if err := hash.UnmarshalText([]byte(id)); err != nil {
		return fail(api.CodeBadParameter, "id: a transaction's id is 64 hexadecimal digits")
	}
	wait, err := s.waitTime(p.Wait, p.Timeout)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if wait > 0 {
		tx, err := s.findTx(ctx, hash)
		if err != nil {
			return err
		}
		if !tx.Final {
			release, err := s.enter()
			if err != nil {
				return err
			}
			defer release()
			if err := s.waitFinal(ctx, hash, wait); err != nil {
				return err
			}
		}
	}
	return s.answerTx(c, hash)
}

// ListPool is a page of the waiting transactions.
func (s *Server) ListPool(c echo.Context, p api.ListPoolParams) error {
	limit, err := pageSize(p.Limit, defaultPage, maxPage)
	if err != nil {
		return err
	}
	after, err := numberCursor(p.Cursor, 0)
	if err != nil {
		return err
	}
	page := s.backend.Pool(after, limit+1) // one more tells whether there is a next page
	out := api.PoolPage{Total: page.Total, Bytes: page.Bytes, Transactions: []api.Tx{}}
	for i, tx := range page.Txs {
		if i == limit {
			next := strconv.FormatUint(page.Txs[i-1].Seq, 10)
			out.Next = &next
			break
		}
		row, err := describe(tx.Raw)
		if err != nil {
			return fmt.Errorf("pool: %w", err)
		}
		out.Transactions = append(out.Transactions, row)
	}
	return c.JSON(http.StatusOK, out)
}

// enter takes one of the places for waiters.
func (s *Server) enter() (release func(), err error) {
	return s.waiting.enter("too many requests wait for finality already; come back, or ask without wait=final")
}

// waitFinal waits until the transaction is final, the time is over, the caller
// is gone, or the node stops.
func (s *Server) waitFinal(ctx context.Context, id chain.Hash, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()
	err := s.backend.WaitFinal(ctx, id)
	var refusal *chain.Refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refusal):
		return asAPIError(err).with("id", id)
	case s.closing.Err() != nil:
		return stopping().with("id", id)
	case errors.Is(err, context.DeadlineExceeded):
		return fail(api.CodeWaitTimeout, fmt.Sprintf("not final within %s; it still waits and may become final: ask for it by its id", wait)).with("id", id)
	}
	return err
}

func (s *Server) findTx(ctx context.Context, id chain.Hash) (*Tx, error) {
	tx, err := s.backend.Tx(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return nil, fail(api.CodeTxNotFound, "this node knows no transaction with this id: it may not have arrived yet, was refused, or is pruned"+s.since())
	}
	return tx, err
}

// answerTx serves a transaction, with its proof when it is final.
func (s *Server) answerTx(c echo.Context, id chain.Hash) error {
	ctx := c.Request().Context()
	tx, err := s.findTx(ctx, id)
	if err != nil {
		return err
	}
	fields, err := describe(tx.Raw)
	if err != nil {
		return fmt.Errorf("transaction %s: %w", id, err)
	}
	out := api.Transaction{Id: id, Status: api.Pending, Tx: fields}
	if tx.Final {
		b, err := s.backend.BlockAt(ctx, tx.Height)
		if err != nil {
			return fmt.Errorf("block of transaction %s: %w", id, err)
		}
		out.Status, out.Height, out.Index, out.BlockHash = api.Final, tx.Height, &tx.Index, &b.Hash
		out.Proof = &api.InclusionProof{
			TxRoot: b.Block.Header.TxRoot, Index: uint64(tx.Index), Count: uint64(len(b.Block.Txs)),
			Path: append([]chain.Hash{}, chain.MerkleProof(b.Block.Txs, tx.Index)...), Transaction: tx.Raw,
		}
	}
	return c.JSON(http.StatusOK, out)
}
