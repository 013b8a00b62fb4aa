// Package client speaks to a node over its HTTP API.
//
// A [Client] is safe for concurrent use. Every call takes a context and ends
// with it; answers are capped, so that a hostile node cannot fill the memory.
// What the node refuses comes back as an [*Error] with the API's stable code.
//
// A node may lie. [Client.TrustedSet] and [VerifyAccount] check what it says
// against a genesis.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
)

// maxAnswer caps an answer: a page of the largest transactions and the largest
// genesis both fit.
const maxAnswer = 32 << 20

// Client is a connection to one node.
type Client struct {
	base string // with /api/v1, without a trailing slash
	http *http.Client
}

// Error is what the API answered instead of what was asked for.
type Error struct {
	Status     int
	Code       string // stable; see openapi.yaml
	Message    string
	Details    map[string]any
	RetryAfter time.Duration // 0: not said
}

// Error is the message and, for programs and bug reports, the code.
func (e *Error) Error() string { return fmt.Sprintf("%s (%s)", e.Message, e.Code) }

// Code is the API's code of an error from this package, "" if it has none.
func Code(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// New makes a client of the node at address, such as http://127.0.0.1:8050;
// host:port alone means http. It connects to nothing yet. A nil h gets a client
// of its own without a time limit: bound the calls with their contexts.
func New(address string, h *http.Client) (*Client, error) {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("%q is not the address of a node: write it like http://127.0.0.1:8050", address)
	}
	if h == nil {
		h = &http.Client{Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second,
		}}
	}
	base := strings.TrimSuffix(strings.TrimRight(u.Scheme+"://"+u.Host+u.Path, "/"), "/api/v1")
	return &Client{base: base + "/api/v1", http: h}, nil
}

// Close lets idle connections go.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Address is where the node is, without /api/v1.
func (c *Client) Address() string { return strings.TrimSuffix(c.base, "/api/v1") }

// sequence is a body that is a CBOR sequence already.
type sequence []byte

// call sends a request and reads the answer into out: a *[]byte takes it as it
// is, anything else as JSON.
func (c *Client) call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	var body io.Reader
	kind := "application/json"
	if b, ok := in.(sequence); ok {
		body, kind = bytes.NewReader(b), "application/cbor-seq"
	} else if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	target := c.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	if in != nil {
		req.Header.Set("Content-Type", kind)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("ask the node at %s: %w", c.Address(), err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", c.Address(), err)
	}
	if len(answer) > maxAnswer {
		return fmt.Errorf("the answer of %s is larger than %d bytes", c.Address(), maxAnswer)
	}
	if res.StatusCode >= 300 {
		return refused(c.Address(), res, answer)
	}
	if raw, ok := out.(*[]byte); ok {
		*raw = answer
		return nil
	}
	if err = chain.CheckJSON(answer); err == nil {
		err = json.Unmarshal(answer, out)
	}
	if err != nil {
		return fmt.Errorf("%s answered %s %s with something else than was expected; is it a posnet node? %w", c.Address(), method, path, err)
	}
	return nil
}

func refused(address string, res *http.Response, answer []byte) error {
	var shape api.Error
	if err := json.Unmarshal(answer, &shape); err != nil || shape.Error.Code == "" {
		return fmt.Errorf("%s answered %s; is it a posnet node?", address, res.Status)
	}
	e := &Error{Status: res.StatusCode, Code: shape.Error.Code, Message: shape.Error.Message, Details: shape.Error.Details}
	if s, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && s > 0 {
		e.RetryAfter = time.Duration(s) * time.Second
	}
	return e
}
