package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/posnet/posnet/node/httpapi/api"
	"github.com/posnet/posnet/node/telemetry"
)

// access is the outermost layer: it gives the request an id, catches panics,
// writes errors, logs and counts.
func (s *Server) access(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		began := time.Now()
		was, _ := c.Request().Context().Value(askedKey{}).(asked)
		id := requestID(c.Request().Header.Get(echo.HeaderXRequestID))
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		c.Response().Header().Set(echo.HeaderXContentTypeOptions, "nosniff")
		ctx := telemetry.WithAttrs(c.Request().Context(), slog.String("request_id", id))
		c.SetRequest(c.Request().WithContext(ctx))
		if err := s.safely(next, c); err != nil {
			c.Error(err)
		}
		took, code := time.Since(began), c.Response().Status
		route := c.Path()
		if _, matched := c.Get(routed).(bool); !matched {
			route = ""
		}
		s.opts.Observe(was.method, route, code, took)
		level := slog.LevelInfo
		if code < http.StatusBadRequest && (polled[route] || plainRead(was.method) && took < slow) {
			level = slog.LevelDebug
		}
		const longest = 256
		s.opts.Logger.LogAttrs(ctx, level, "request answered",
			telemetry.HTTPRequest(was.method, was.url[:min(longest, len(was.url))], code, took)...)
		return nil
	}
}

// slow is from when a read that went well is worth a line in the log. There may be thousands of others a second: metrics count
// them.
const slow = time.Second

func plainRead(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// polled are the routes that machines ask all the time: what goes well there is
// no news.
var polled = map[string]bool{
	"/ping": true, BasePath + "/ping": true, BasePath + "/node": true, BasePath + "/status": true,
}

// safely turns a panic of a handler into an error.
func (s *Server) safely(next echo.HandlerFunc, c echo.Context) (err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			panic(p)
		default:
			s.opts.Logger.ErrorContext(c.Request().Context(), "handler panicked",
				slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return next(c)
}

// requestID keeps a caller's id if it is harmless in a log, else makes one.
func requestID(given string) string {
	ok := given != "" && len(given) <= 64
	for _, r := range given {
		ok = ok && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r))
	}
	if ok {
		return given
	}
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// shape makes one request of many spellings, before it is routed: no trailing
// slash, and HEAD as GET. What the caller wrote is kept for the log.
func shape(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, old *http.Request) {
		r, u := old.WithContext(context.WithValue(old.Context(), askedKey{}, asked{old.Method, old.URL.RequestURI()})), *old.URL
		if t := trim(u.Path); t != "" {
			u.Path, u.RawPath = t, trim(u.RawPath)
		}
		if r.Method == http.MethodHead {
			r.Method = http.MethodGet
			w = headWriter{w}
		}
		r.URL = &u
		next.ServeHTTP(w, r)
	})
}

// asked is what the caller wrote.
type (
	asked    struct{ method, url string }
	askedKey struct{}
)

// headWriter drops the body, for writers that do not know the method.
type headWriter struct{ http.ResponseWriter }

func (w headWriter) Write(b []byte) (int, error) { return len(b), nil }

// limitTime ends the context of requests that are not meant to wait.
func (s *Server) limitTime(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		limit := s.opts.Limits.Request
		if c.QueryParam("wait") != "" {
			limit += s.opts.Limits.Wait
		}
		ctx, cancel := context.WithTimeout(c.Request().Context(), limit)
		defer cancel()
		c.SetRequest(c.Request().WithContext(ctx))
		return next(c)
	}
}

// routed marks a context whose path is a route of ours.
const routed = "posnet.routed"

// beforeGenesis are the routes that need no chain.
var beforeGenesis = map[string]bool{
	"/": true, "/ping": true, BasePath + "/ping": true, BasePath + "/node": true, BasePath + "/node/attest": true,
	BasePath + "/genesis": true, BasePath + "/openapi.json": true, BasePath + "/docs": true, BasePath + "/docs/*": true,
}

// gate keeps callers from a chain that does not exist yet.
func (s *Server) gate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if _, known := s.routes[c.Request().Method+" "+c.Path()]; known {
			c.Set(routed, true)
			if beforeGenesis[c.Path()] {
				return next(c)
			}
			switch s.backend.Node().State {
			case AwaitingGenesis:
				return fail(api.CodeAwaitingGenesis, "this node has no genesis yet: its network's ceremony is not over, or no --genesis was given")
			case Starting:
				return fail(api.CodeUnavailable, "this node is starting: ask again in a moment; GET "+BasePath+"/node says what it is doing")
			}
		}
		return next(c)
	}
}
