package client

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
)

func get[T any](ctx context.Context, c *Client, path string, query url.Values) (*T, error) {
	out := new(T)
	if err := c.call(ctx, http.MethodGet, path, query, nil, out); err != nil {
		return nil, err
	}
	return out, nil
}

// Ping returns nil if the API answers.
func (c *Client) Ping(ctx context.Context) error {
	_, err := get[api.Pong](ctx, c, "/ping/", nil)
	return err
}

// Node is who the node is and what it is doing.
func (c *Client) Node(ctx context.Context) (*api.Node, error) {
	return get[api.Node](ctx, c, "/node", nil)
}

// Status is how the chain is doing.
func (c *Client) Status(ctx context.Context) (*api.Status, error) {
	return get[api.Status](ctx, c, "/status", nil)
}

// Genesis is the chain's genesis file, parsed; file has its bytes.
func (c *Client) Genesis(ctx context.Context) (g *chain.Genesis, file []byte, err error) {
	if err := c.call(ctx, http.MethodGet, "/genesis", nil, nil, &file); err != nil {
		return nil, nil, err
	}
	if g, err = chain.ParseGenesis(file); err != nil {
		return nil, nil, fmt.Errorf("the genesis of %s: %w", c.Address(), err)
	}
	return g, file, nil
}

// Blocks is a page of the chain, newest first. cursor "" is the newest block,
// limit 0 the API's default.
func (c *Client) Blocks(ctx context.Context, cursor string, limit int) (*api.BlockPage, error) {
	return get[api.BlockPage](ctx, c, "/blockchain/", page(cursor, limit))
}

// Block is one block; id is a height, a hash or "latest".
func (c *Client) Block(ctx context.Context, id string) (*api.Block, error) {
	return get[api.Block](ctx, c, "/blocks/"+url.PathEscape(id), nil)
}

// Draw is the lottery of a block; round nil is the one it was forged in.
func (c *Client) Draw(ctx context.Context, id string, round *uint64) (*api.Draw, error) {
	q := url.Values{}
	if round != nil {
		q.Set("round", strconv.FormatUint(*round, 10))
	}
	return get[api.Draw](ctx, c, "/blocks/"+url.PathEscape(id)+"/draw", q)
}

// Account is what an address owns.
func (c *Client) Account(ctx context.Context, addr chain.Address, proof bool) (*api.Account, error) {
	q := url.Values{}
	if proof {
		q.Set("proof", "true")
	}
	return get[api.Account](ctx, c, "/accounts/"+addr.String(), q)
}

// Validators is the set of a height; 0 is the height being decided.
func (c *Client) Validators(ctx context.Context, height uint64) (*api.Validators, error) {
	q := url.Values{}
	if height > 0 {
		q.Set("height", strconv.FormatUint(height, 10))
	}
	return get[api.Validators](ctx, c, "/validators", q)
}

// Stake is a page of bonds.
func (c *Client) Stake(ctx context.Context, cursor string, limit int) (*api.StakePage, error) {
	return get[api.StakePage](ctx, c, "/stake", page(cursor, limit))
}

// Peers lists the nodes the node is connected to.
func (c *Client) Peers(ctx context.Context) (*api.Peers, error) {
	return get[api.Peers](ctx, c, "/peers", nil)
}

// Pool is a page of the waiting transactions, in order of arrival.
func (c *Client) Pool(ctx context.Context, cursor string, limit int) (*api.PoolPage, error) {
	return get[api.PoolPage](ctx, c, "/transaction/transaction_pool/", page(cursor, limit))
}

// Submit sends a signed transaction in its encoding. It returns when the node
// has accepted it; see [Client.WaitFinal] for more.
func (c *Client) Submit(ctx context.Context, raw []byte) (chain.Hash, error) {
	encoded := hex.EncodeToString(raw)
	var out api.Accepted
	err := c.call(ctx, http.MethodPost, "/transaction/create/", nil, api.CreateRequest{Transaction: &encoded}, &out)
	return out.Id, err
}

// Transaction is what became of a transaction.
func (c *Client) Transaction(ctx context.Context, id chain.Hash) (*api.Transaction, error) {
	return get[api.Transaction](ctx, c, "/transactions/"+id.String(), nil)
}

// WaitFinal returns the transaction once it is final. It asks again until ctx
// ends, so it outlasts the API's longest wait, and passing refusals.
func (c *Client) WaitFinal(ctx context.Context, id chain.Hash) (*api.Transaction, error) {
	q := url.Values{"wait": {"final"}, "timeout": {"30s"}}
	for {
		tx, err := get[api.Transaction](ctx, c, "/transactions/"+id.String(), q)
		switch Code(err) {
		case api.CodeWaitTimeout:
			continue
		case api.CodeTooManyWaiters, api.CodeRateLimited, api.CodeUnavailable:
			if pause(ctx, err) == nil {
				continue
			}
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("transaction %s is not final yet; it still waits and may become final: %w", id, context.Cause(ctx))
		}
		return tx, err
	}
}

// pause waits as long as the node asked for.
func pause(ctx context.Context, err error) error {
	wait := time.Second
	var e *Error
	if errors.As(err, &e) && e.RetryAfter > 0 {
		wait = min(e.RetryAfter, 10*time.Second)
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func page(cursor string, limit int) url.Values {
	q := url.Values{}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	return q
}

// SubmitBatch sends many signed transactions in their encodings, one after the other. What the node refuses is in the
// answer, by position; an error means that it may have taken any of them.
func (c *Client) SubmitBatch(ctx context.Context, raws [][]byte) (*api.BatchResult, error) {
	size := 0
	for _, raw := range raws {
		size += len(raw) + 3
	}
	body := make([]byte, 0, size)
	for _, raw := range raws {
		body = append(body, chain.Encode(raw)...)
	}
	return c.SubmitSequence(ctx, body)
}

// SubmitSequence is [Client.SubmitBatch] for a batch that is a CBOR sequence of byte strings already.
func (c *Client) SubmitSequence(ctx context.Context, body []byte) (*api.BatchResult, error) {
	out := new(api.BatchResult)
	return out, c.call(ctx, http.MethodPost, "/transaction/batch/", nil, sequence(body), out)
}

// RawBlock is the encoding of a final block. If there is none of this height yet, the node waits for it, as long as wait says and
// a minute at most, before it answers [api.CodeBlockNotFound]; 0 is not to wait.
func (c *Client) RawBlock(ctx context.Context, height uint64, wait time.Duration) ([]byte, error) {
	var q url.Values
	if wait > 0 {
		q = url.Values{"wait": {"final"}, "timeout": {wait.String()}}
	}
	var raw []byte
	err := c.call(ctx, http.MethodGet, "/blocks/"+strconv.FormatUint(height, 10)+"/raw", q, nil, &raw)
	return raw, err
}
