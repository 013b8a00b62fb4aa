package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
)

// reader asks a node for accounts over one connection that it keeps open. It writes requests and reads answers itself: a client
// that hands each request from goroutine to goroutine would take more processor time than the node it measures.
type reader struct {
	url     *url.URL
	timeout time.Duration
	ends    context.Context // whose end closes the connection
	conn    net.Conn        // nil: to be dialled
	forget  func() bool     // its end no longer matters
	in      *bufio.Reader
	request []byte
}

// newReader makes one for the node at a base URL. It connects with the first read, and hangs up when ctx ends.
func newReader(ctx context.Context, base string, timeout time.Duration) (*reader, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("read the address of a node: %w", err)
	}
	return &reader{url: u, timeout: timeout, ends: ctx}, nil
}

func (r *reader) dial(ctx context.Context) (err error) {
	d := &net.Dialer{Timeout: r.timeout}
	host := r.url.Host
	if r.url.Port() == "" {
		host = net.JoinHostPort(r.url.Hostname(), map[bool]string{true: "443", false: "80"}[r.url.Scheme == "https"])
	}
	if r.url.Scheme == "https" {
		r.conn, err = (&tls.Dialer{NetDialer: d, Config: &tls.Config{MinVersion: tls.VersionTLS12}}).DialContext(ctx, "tcp", host)
	} else {
		r.conn, err = d.DialContext(ctx, "tcp", host)
	}
	if err != nil {
		r.conn = nil
		return fmt.Errorf("connect to %s: %w", r.url.Host, err)
	}
	conn := r.conn
	r.forget = context.AfterFunc(r.ends, func() { _ = conn.Close() })
	r.in = bufio.NewReaderSize(r.conn, 4096)
	return nil
}

// account asks for one. It returns the API's error code, or "" for an account; an error is of the connection, which is then
// made anew for the next.
func (r *reader) account(ctx context.Context, a chain.Address) (code string, err error) {
	if r.conn == nil {
		if err := r.dial(ctx); err != nil {
			return "", err
		}
	}
	keep := false
	defer func() {
		if !keep {
			r.close()
		}
	}()
	r.request = append(r.request[:0], "GET "+r.url.EscapedPath()+"/api/v1/accounts/"...)
	r.request = append(r.request, a.String()...)
	r.request = append(r.request, " HTTP/1.1\r\nHost: "+r.url.Host+"\r\nUser-Agent: posnet-bench\r\n\r\n"...)
	if err := r.conn.SetDeadline(time.Now().Add(r.timeout)); err != nil {
		return "", err
	}
	if _, err := r.conn.Write(r.request); err != nil {
		return "", fmt.Errorf("ask %s: %w", r.url.Host, err)
	}
	res, err := http.ReadResponse(r.in, nil)
	if err != nil {
		return "", fmt.Errorf("read the answer of %s: %w", r.url.Host, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAccountAnswer+1))
	if err == nil && len(body) > maxAccountAnswer {
		err = fmt.Errorf("more than %d bytes", maxAccountAnswer)
	}
	if err != nil {
		return "", fmt.Errorf("read the answer of %s: %w", r.url.Host, err)
	}
	keep = !res.Close
	if res.StatusCode == http.StatusOK {
		return "", nil
	}
	var shape api.Error
	if json.Unmarshal(body, &shape) != nil || shape.Error.Code == "" {
		return "http_" + strconv.Itoa(res.StatusCode), nil
	}
	return shape.Error.Code, nil
}

// maxAccountAnswer caps an answer: an account without a proof has some hundred bytes.
const maxAccountAnswer = 64 << 10

func (r *reader) close() {
	if r.conn != nil {
		r.forget()
		_ = r.conn.Close()
		r.conn = nil
	}
}
