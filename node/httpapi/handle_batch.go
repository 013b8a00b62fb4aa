package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
)

// maxBatch is the most transactions of one batch. It is part of the specification.
const maxBatch = 10_000

// perToken is how many transactions of a batch count as one request to the rate limit.
const perToken = 32

// bytesPerToken is how much of its body does: about as many transactions.
const bytesPerToken = 8 << 10

// CreateTransactions takes many signed transactions in.
func (s *Server) CreateTransactions(c echo.Context) error {
	if s.backend.Crowded() {
		// To look through a batch and refuse each of its transactions costs a good part of what taking them in does. One batch at
		// a time is looked through all the same: it may pay more than what waits.
		leave, err := s.crowd.enter("")
		if err != nil {
			return fail(string(chain.RefusedPoolFull), "too many transactions are waiting at this node: send the batch again later")
		}
		defer leave()
	}
	release, err := s.batches.enter("this node takes as many batches in as it can; send this one again in a moment")
	if err != nil {
		return err
	}
	defer release()
	size := s.opts.Limits.Batch // what does not say its size may have any
	if n := c.Request().ContentLength; n >= 0 {
		size = min(n, size) // beyond, it is refused
	}
	paid := int(size / bytesPerToken)
	if err := s.take(c, paid); err != nil {
		return err
	}
	body, err := s.readBatch(c)
	if err != nil {
		return err
	}
	raws, err := splitBatch(c.Request().Header.Get(echo.HeaderContentType), body)
	if err != nil {
		return err
	}
	if err := s.take(c, (len(raws)-1)/perToken-paid); err != nil {
		return err
	}
	// Batches that are read wait here, so that no more of them are in work than there are processors: taking transactions in
	// is to leave deciding on blocks its share.
	done, err := s.working.await(c.Request().Context())
	if err != nil {
		return err
	}
	defer done()
	wrong := 0
	out := api.BatchResult{Refused: []api.RefusedTx{}}
	for i, r := range s.backend.SubmitAll(c.Request().Context(), raws) {
		if r.Err == nil {
			out.Accepted++
			continue
		}
		if badSignature(r.Err) {
			wrong++
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
	s.charge(c, wrong)
	return c.JSON(http.StatusOK, out)
}

// badSignature reports whether a transaction cost a verification in vain.
func badSignature(err error) bool {
	var why *chain.Refusal
	return errors.As(err, &why) && (why.Code == chain.RefusedSignature || why.Code == chain.RefusedBadProof)
}

// readBatch reads the body of a batch, which must come in good time: meanwhile it has one of few places.
func (s *Server) readBatch(c echo.Context) ([]byte, error) {
	conn := http.NewResponseController(c.Response())
	_ = conn.SetReadDeadline(time.Now().Add(s.opts.Limits.BatchTime)) // without a connection there is none
	body, err := readCapped(c, s.opts.Limits.Batch)
	if err != nil {
		return nil, err
	}
	_ = conn.SetReadDeadline(time.Time{}) // or the server takes the client for gone while its transactions are verified
	return body, nil
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
		raws = append(raws, raw)
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
func (s *Server) GetRawBlock(c echo.Context, id api.BlockID, p api.GetRawBlockParams) error {
	wait, err := s.waitTime(p.Wait, p.Timeout)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	height, err := strconv.ParseUint(id, 10, 64)
	named := err == nil && height > 0
	if wait > 0 {
		if !named {
			return fail(api.CodeBadParameter, "wait: only a height can be waited for")
		}
		if err := s.waitBlock(ctx, height, wait); err != nil {
			return err
		}
	}
	release, err := s.raw.enter("this node sends as many whole blocks as it can; ask again in a moment")
	if err != nil {
		return err
	}
	defer release() // not before the client has taken the answer
	if !named {
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

// waitBlock waits until the block of a height is final, or the time is over.
func (s *Server) waitBlock(ctx context.Context, height uint64, wait time.Duration) error {
	if s.backend.Tip() >= height {
		return nil
	}
	release, err := s.enter()
	if err != nil {
		return err
	}
	defer release()
	over, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()
	if err := s.backend.WaitBlock(over, height); err != nil && over.Err() == nil {
		return err
	}
	if s.closing.Err() != nil {
		return stopping()
	}
	return ctx.Err()
}
