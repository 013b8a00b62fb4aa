package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
)

// maxBatch is the most transactions of one batch. It is part of the specification.
const maxBatch = 10_000

// perToken is how many transactions of a batch count as one request to the rate limit.
const perToken = 32

// CreateTransactions takes many signed transactions in.
func (s *Server) CreateTransactions(c echo.Context) error {
	body, err := readCapped(c, s.opts.Limits.Batch)
	if err != nil {
		return err
	}
	raws, err := splitBatch(c.Request().Header.Get(echo.HeaderContentType), body)
	if err != nil {
		return err
	}
	if err := s.take(c, (len(raws)-1)/perToken); err != nil {
		return err
	}
	out := api.BatchResult{Refused: []api.RefusedTx{}}
	for i, r := range s.backend.SubmitAll(c.Request().Context(), raws) {
		if r.Err == nil {
			out.Accepted++
			continue
		}
		e := asAPIError(fmt.Errorf("submit transaction %d of a batch: %w", i, r.Err))
		if e.body.Code == api.CodeInternal {
			return r.Err
		}
		if wait := retryAfter[e.body.Code]; wait != "" {
			c.Response().Header().Set("Retry-After", wait)
		}
		refused := api.RefusedTx{Index: i, Code: e.body.Code, Message: e.body.Message}
		if !r.ID.IsZero() {
			refused.Id = &r.ID
		}
		out.Refused = append(out.Refused, refused)
	}
	return c.JSON(http.StatusOK, out)
}

// splitBatch reads the transactions of a body: all of them, or an error that names the first that cannot be read.
func splitBatch(contentType string, body []byte) ([][]byte, error) {
	kind, _, err := mime.ParseMediaType(contentType)
	read := splitLines
	if err == nil && kind == "application/cbor-seq" {
		read = splitSequence
	}
	raws, err := read(body)
	switch {
	case err != nil:
		return nil, err
	case len(raws) == 0:
		return nil, fail(api.CodeBadRequest, "the batch is empty")
	}
	return raws, nil
}

func tooMany() error {
	return fail(api.CodeBodyTooLarge, fmt.Sprintf("a batch has at most %d transactions: send the rest in the next", maxBatch))
}

// splitSequence reads a CBOR sequence of byte strings (RFC 8742).
func splitSequence(body []byte) (raws [][]byte, err error) {
	for rest := body; len(rest) > 0; {
		if len(raws) == maxBatch {
			return nil, tooMany()
		}
		var raw []byte
		if raw, rest, err = chain.CutBytes(rest, chain.MaxTxBytes); err != nil {
			return nil, fail(api.CodeBadRequest, fmt.Sprintf("item %d of the CBOR sequence: %v", len(raws), err))
		}
		raws = append(raws, bytes.Clone(raw)) // one that waits for long must not keep the whole body
	}
	return raws, nil
}

// splitLines reads one JSON object a line; empty lines mean nothing.
func splitLines(body []byte) (raws [][]byte, err error) {
	number := 0
	for line := range bytes.Lines(body) {
		number++
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if len(raws) == maxBatch {
			return nil, tooMany()
		}
		raw, err := decodeTransaction(line)
		if err != nil {
			e := asAPIError(err)
			return nil, fail(e.body.Code, "line "+strconv.Itoa(number)+" of the batch: "+e.body.Message)
		}
		raws = append(raws, raw)
	}
	return raws, nil
}

// GetRawBlock is a block as nodes exchange it.
func (s *Server) GetRawBlock(c echo.Context, id api.BlockID) error {
	ctx := c.Request().Context()
	height, err := strconv.ParseUint(id, 10, 64)
	if err != nil || height == 0 {
		b, err := s.block(ctx, id)
		if err != nil {
			return err
		}
		height = b.Block.Header.Height
	}
	raw, err := s.backend.RawBlock(ctx, height)
	if errors.Is(err, ErrNotFound) {
		return s.noBlock(height)
	}
	if err != nil {
		return err
	}
	c.Response().Header().Set("X-Block-Height", strconv.FormatUint(height, 10))
	return c.Blob(http.StatusOK, "application/cbor", raw)
}
