package httpapi

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
)

// readBody reads a body within its cap. Any content type is taken for JSON, so
// that a plain `curl -d` works; there are no cookies that could be abused.
func (s *Server) readBody(c echo.Context) ([]byte, error) {
	return readCapped(c, s.opts.Limits.Body)
}

func readCapped(c echo.Context, most int64) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, c.Request().Body, most))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, fail(api.CodeBodyTooLarge, fmt.Sprintf("the request body is larger than %d bytes", tooLarge.Limit))
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, fail(api.CodeTimeout, "the request body did not arrive in time: send it again, or less at once")
	}
	if err != nil {
		return nil, fail(api.CodeBadRequest, "the request body could not be read to its end")
	}
	return body, nil
}

func (s *Server) readJSON(c echo.Context, v any) error {
	body, err := s.readBody(c)
	if err != nil {
		return err
	}
	return decodeJSON(body, v)
}

// decodeJSON reads exactly one JSON value and says where it went wrong.
func decodeJSON(body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	var (
		syntax *json.SyntaxError
		kind   *json.UnmarshalTypeError
	)
	switch {
	case err == nil:
	case len(bytes.TrimSpace(body)) == 0:
		return fail(api.CodeBadRequest, "the request body is empty; send JSON")
	case errors.As(err, &syntax):
		return fail(api.CodeBadRequest, fmt.Sprintf("the body is not JSON: %v at %s", err, position(body, syntax.Offset)))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fail(api.CodeBadRequest, fmt.Sprintf("the body is not JSON: it ends too early, at %s", position(body, int64(len(body)))))
	case errors.As(err, &kind):
		return fail(api.CodeBadRequest, fmt.Sprintf("%s: a JSON %s does not fit here, at %s", name(kind.Field), kind.Value, position(body, kind.Offset)))
	default: // an unknown field, or a value that explains itself
		return fail(api.CodeBadRequest, fmt.Sprintf("the body does not fit: %v (near %s)", err, position(body, d.InputOffset())))
	}
	if _, err := d.Token(); err != io.EOF {
		return fail(api.CodeBadRequest, fmt.Sprintf("something follows the JSON value, at %s", position(body, d.InputOffset())))
	}
	return nil
}

func name(field string) string {
	if field == "" {
		return "the body"
	}
	return field
}

// position is where byte number offset is, for a person.
func position(b []byte, offset int64) string {
	before := b[:max(0, min(offset, int64(len(b))))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n') - 1
	return fmt.Sprintf("line %d, column %d", line, max(1, column))
}

// rawTx is api.TxFields before its values are read, so that each error can name
// its field.
type rawTx struct {
	Kind, From, Nonce, To, Amount, Fee, ValidUntil, Memo, MemoHex, Payload json.RawMessage
}

// readTransaction reads either form of a transaction into its encoding. What
// the transaction says is judged by whoever takes it in.
func (s *Server) readTransaction(c echo.Context) ([]byte, error) {
	body, err := s.readBody(c)
	if err != nil {
		return nil, err
	}
	return decodeTransaction(body)
}

func decodeTransaction(body []byte) ([]byte, error) {
	var req struct {
		Transaction *string
		Tx          *rawTx
		Signature   json.RawMessage
	}
	if err := decodeJSON(body, &req); err != nil {
		return nil, err
	}
	switch {
	case (req.Transaction == nil) == (req.Tx == nil):
		return nil, malformed("send either `transaction`, the hexadecimal encoding, or `tx` and `signature`")
	case req.Tx != nil:
		return req.Tx.encode(req.Signature)
	case req.Signature != nil:
		return nil, malformed("`transaction` is signed already: leave `signature` out")
	}
	raw, err := hex.DecodeString(*req.Transaction)
	if err != nil {
		return nil, malformed("transaction: not hexadecimal: %v", err)
	}
	return raw, nil
}

func (r *rawTx) encode(signature json.RawMessage) ([]byte, error) {
	var (
		t           chain.SignedTx
		amount, fee api.Units
		memo        string
		memoHex     api.Bytes
		payload     api.Bytes
	)
	for _, f := range []struct {
		name     string
		raw      json.RawMessage
		into     any
		required bool
	}{
		{"tx.kind", r.Kind, &t.Tx.Kind, true},
		{"tx.from", r.From, &t.Tx.From, true},
		{"tx.nonce", r.Nonce, &t.Tx.Nonce, true},
		{"tx.to", r.To, &t.Tx.To, true},
		{"tx.amount", r.Amount, &amount, true},
		{"tx.fee", r.Fee, &fee, true},
		{"tx.validUntil", r.ValidUntil, &t.Tx.ValidUntil, false},
		{"tx.memo", r.Memo, &memo, false},
		{"tx.memoHex", r.MemoHex, &memoHex, false},
		{"tx.payload", r.Payload, &payload, false},
		{"signature", signature, &t.Signature, true},
	} {
		if f.raw == nil {
			if f.required {
				return nil, malformed("%s is missing", f.name)
			}
			continue
		}
		if err := readField(f.name, f.raw, f.into); err != nil {
			return nil, err
		}
	}
	if memo != "" && memoHex != nil {
		return nil, malformed("send `memo` or `memoHex`, not both")
	}
	t.Tx.Memo = append([]byte(memo), memoHex...)
	t.Tx.Amount, t.Tx.Fee, t.Tx.Payload = uint64(amount), uint64(fee), payload
	return chain.Encode(&t), nil
}

func readField(name string, raw json.RawMessage, into any) error {
	if string(raw) == "null" {
		return malformed("%s is null", name)
	}
	err := json.Unmarshal(raw, into)
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &kind):
		if _, number := into.(*uint64); number {
			return malformed("%s: write a whole number from 0 without quotes", name)
		}
		return malformed("%s: a JSON %s does not fit here", name, kind.Value)
	}
	if _, isKind := into.(*chain.TxKind); isKind {
		return chain.Refuse(chain.RefusedUnknownKind, "%s: %v", name, err)
	}
	return malformed("%s: %v", name, err)
}

func malformed(format string, args ...any) error {
	return chain.Refuse(chain.RefusedMalformed, format, args...)
}

// describe opens an encoded transaction for the API.
func describe(raw []byte) (api.Tx, error) {
	t, err := chain.DecodeTx(raw)
	if err != nil {
		return api.Tx{}, err
	}
	out := api.Tx{
		Id: t.Tx.ID(), Kind: t.Tx.Kind, From: t.Tx.From, Nonce: t.Tx.Nonce, To: t.Tx.To,
		Amount: api.Units(t.Tx.Amount), Fee: api.Units(t.Tx.Fee), ValidUntil: t.Tx.ValidUntil, Signature: t.Signature,
	}
	if utf8.Valid(t.Tx.Memo) {
		out.Memo = string(t.Tx.Memo)
	} else {
		out.MemoHex = (*api.Hex)(&t.Tx.Memo)
	}
	if len(t.Tx.Payload) > 0 {
		out.Payload = (*api.Hex)(&t.Tx.Payload)
	}
	return out, nil
}

// pageSize reads ?limit=.
func pageSize(given *int, normal, most int) (int, error) {
	switch {
	case given == nil:
		return normal, nil
	case *given < 1 || *given > most:
		return 0, fail(api.CodeBadParameter, fmt.Sprintf("limit: it must be from 1 to %d", most))
	}
	return *given, nil
}

// numberCursor reads the ?cursor= of a list whose cursors are numbers.
func numberCursor(given *string, start uint64) (uint64, error) {
	if given == nil || *given == "" {
		return start, nil
	}
	v, err := strconv.ParseUint(*given, 10, 64)
	if err != nil {
		return 0, ErrBadCursor
	}
	return v, nil
}

// waitTime reads ?wait=final&timeout=; 0 is not to wait.
func (s *Server) waitTime(wait, timeout *string) (time.Duration, error) {
	switch {
	case wait == nil && timeout == nil:
		return 0, nil
	case wait == nil || *wait != "final":
		return 0, fail(api.CodeBadParameter, "wait: the only thing to wait for is `final`")
	case timeout == nil:
		return min(defaultWait, s.opts.Limits.Wait), nil
	}
	d, err := time.ParseDuration(*timeout)
	if err != nil || d <= 0 || d > s.opts.Limits.Wait {
		return 0, fail(api.CodeBadParameter, fmt.Sprintf("timeout: write a time such as 500ms or 30s, at most %s", s.opts.Limits.Wait))
	}
	return d, nil
}
