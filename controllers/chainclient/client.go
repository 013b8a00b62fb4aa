package chainclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/posnet/posnet/node/chain"
)

// DefaultPort is the API port of a node.
const DefaultPort = 8050

// DefaultTimeout bounds one request, answer included. A node of the same cluster answers in milliseconds; this is how
// long a dead one may delay a reconcile.
const DefaultTimeout = 2 * time.Second

// Caps on answers, in bytes.
const (
	maxSmall      = 64 << 10
	maxValidators = 1 << 20
	maxGenesis    = chain.MaxGenesisBytes
)

// ErrTooLong means that an answer was longer than any honest node's.
var ErrTooLong = errors.New("answer is too long")

// Client asks nodes. It is safe for concurrent use.
type Client struct {
	http *http.Client
}

// New returns a client whose requests take at most timeout; 0 means DefaultTimeout.
func New(timeout time.Duration) *Client {
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	dialer := net.Dialer{Timeout: timeout}
	return &Client{http: &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			Proxy:                 nil,
			DialContext:           dialer.DialContext,
			MaxIdleConnsPerHost:   1,
			MaxIdleConns:          256,
			IdleConnTimeout:       30 * time.Second,
			ResponseHeaderTimeout: timeout,
			// A longer header is an error before it is memory.
			MaxResponseHeaderBytes: 16 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// CloseIdle closes connections that wait for a next request.
func (c *Client) CloseIdle() { c.http.CloseIdleConnections() }

// Error is an error answer of a node: its HTTP status and the code and message of the API's error shape.
type Error struct {
	Status  int
	Code    string
	Message string
}

func (e *Error) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("node answered HTTP %d", e.Status)
	}
	return fmt.Sprintf("node answered HTTP %d, %s: %s", e.Status, e.Code, e.Message)
}

// url of a path on a host, which is an IP address or a name, with a port or without.
func url(host, path string) string {
	if _, _, err := net.SplitHostPort(host); err != nil {
		host = net.JoinHostPort(host, strconv.Itoa(DefaultPort))
	}
	return "http://" + host + "/api/v1" + path
}

// get reads path into out.
func (c *Client) get(ctx context.Context, host, path string, limit int64, out any) error {
	b, err := c.do(ctx, http.MethodGet, host, path, nil, limit)
	if err != nil {
		return err
	}
	return decode(host, path, b, out)
}

func decode(host, path string, b []byte, out any) error {
	err := chain.CheckJSON(b)
	if err == nil {
		err = json.Unmarshal(b, out)
	}
	if err != nil {
		return fmt.Errorf("read %s of %s: %w", path, host, err)
	}
	return nil
}

func (c *Client) do(ctx context.Context, method, host, path string, body []byte, limit int64) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, url(host, path), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask %s for %s: %w", host, path, err)
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "posnet-operator")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask %s for %s: %w", host, path, err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s of %s: %w", path, host, err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("read %s of %s: %w: more than %d bytes", path, host, ErrTooLong, limit)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask %s for %s: %w", host, path, apiError(response.StatusCode, b))
	}
	return b, nil
}

// apiError reads the error shape; a body that does not have it (a proxy's page) leaves the status alone.
func apiError(status int, body []byte) *Error {
	var shape struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	e := &Error{Status: status}
	if chain.CheckJSON(body) == nil && json.Unmarshal(body, &shape) == nil {
		e.Code, e.Message = clip(shape.Error.Code, 64), clip(shape.Error.Message, 512)
	}
	return e
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}
