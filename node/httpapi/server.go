package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"golang.org/x/net/netutil"
	"golang.org/x/time/rate"

	"github.com/posnet/posnet/node/httpapi/api"
)

// BasePath is where the API begins.
const BasePath = "/api/v1"

// Options are what a [Server] needs beside its backend.
type Options struct {
	// Logger takes the access log and what went wrong. Nil discards.
	Logger *slog.Logger
	// Observe is told of every answered request; route is the pattern that
	// matched, "" for none. Nil: nobody.
	Observe func(method, route string, code int, took time.Duration)
	// Limits bounds what strangers may ask for.
	Limits Limits
	// CORSOrigins are the origins whose pages may read the API; none by
	// default.
	CORSOrigins []string
}

// Server is the API of one node. Make it with [New].
type Server struct {
	backend Backend
	opts    Options
	echo    *echo.Echo
	http    *http.Server
	waiting places
	batches places
	crowd   places // batches that are looked through while the pool is full
	working places // of the batches, those whose transactions are being taken in
	raw     places // answers with whole blocks
	clients *clients
	spec    []byte // openapi.yaml in JSON
	routes  map[route]struct{}
	open    atomic.Bool // there is a chain to answer from, see gate

	closing context.Context // ends when Shutdown begins, and every waiter with it
	close   context.CancelFunc
}

// New makes the server. It listens nowhere until [Server.Serve].
func New(backend Backend, opts Options) (*Server, error) {
	opts.Limits = opts.Limits.withDefaults()
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Observe == nil {
		opts.Observe = func(string, string, int, time.Duration) {}
	}
	s := &Server{backend: backend, opts: opts, echo: echo.New()}
	s.waiting = make(places, opts.Limits.Waiters)
	s.crowd = make(places, 1)
	s.working = make(places, runtime.GOMAXPROCS(0))
	s.batches, s.raw = make(places, opts.Limits.Batches), make(places, opts.Limits.RawBlocks)
	s.clients = &clients{rate: rate.Limit(opts.Limits.Rate), burst: opts.Limits.Burst, seen: map[netip.Prefix]*client{}}
	s.closing, s.close = context.WithCancel(context.Background())
	e := s.echo
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = echo.ExtractIPDirect() // a header could name any address
	e.HTTPErrorHandler = s.writeError
	e.Pre(s.access, s.limitRate())
	if len(opts.CORSOrigins) > 0 {
		e.Pre(middleware.CORSWithConfig(middleware.CORSConfig{AllowOrigins: opts.CORSOrigins}))
	}
	e.Use(s.gate)
	api.RegisterHandlersWithBaseURL(trimmed{e}, s, BasePath)
	e.GET("/ping", s.Ping)
	if err := s.addPages(); err != nil {
		return nil, fmt.Errorf("prepare the API documents: %w", err)
	}
	s.http = &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      opts.Limits.Wait + 30*time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(opts.Logger.Handler(), slog.LevelDebug),
	}
	return s, nil
}

// Handler is the API without a listener, for tests and for mounting elsewhere.
func (s *Server) Handler() http.Handler { return shape(s.echo) }

// Serve answers on l until [Server.Shutdown], then returns nil.
func (s *Server) Serve(l net.Listener) error {
	err := s.http.Serve(netutil.LimitListener(l, s.opts.Limits.Connections))
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve the API: %w", err)
}

// Shutdown stops listening, ends every waiter with `shutting_down`, lets the
// other requests finish, and after ctx cuts them off.
func (s *Server) Shutdown(ctx context.Context) error {
	s.close()
	if err := s.http.Shutdown(ctx); err != nil {
		_ = s.http.Close() // ctx ended: whoever is left is cut off
		return fmt.Errorf("shut the API down: %w", err)
	}
	return nil
}

// trimmed registers paths without their trailing slash; [shape] takes it off
// the requests.
type trimmed struct{ *echo.Echo }

func trim(path string) string { return strings.TrimRight(path, "/") }

// GET implements api.EchoRouter.
func (t trimmed) GET(p string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return t.Echo.GET(trim(p), h, m...)
}

// POST implements api.EchoRouter.
func (t trimmed) POST(p string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return t.Echo.POST(trim(p), h, m...)
}
