package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/posnet/posnet/node/httpapi/api"
	"github.com/posnet/posnet/node/telemetry"
)

// access is the outermost layer: it gives the request an id and an end, catches
// panics, writes errors, logs and counts.
func (s *Server) access(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		began := time.Now()
		was := askedOf(c.Request())
		id := requestID(c.Request().Header.Get(echo.HeaderXRequestID))
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		c.Response().Header().Set(echo.HeaderXContentTypeOptions, "nosniff")
		ctx := &ending{Context: telemetry.WithAttrs(c.Request().Context(), slog.String("request_id", id)), at: began.Add(s.limit(c))}
		defer ctx.cancel()
		c.SetRequest(c.Request().WithContext(ctx))
		if err := s.safely(next, c); err != nil {
			c.Error(err)
		}
		took, code := time.Since(began), c.Response().Status
		pattern := c.Path()
		if _, matched := s.routes[route{c.Request().Method, pattern}]; !matched {
			pattern = ""
		}
		s.opts.Observe(was.method, pattern, code, took)
		level := slog.LevelInfo
		if code < http.StatusBadRequest && (polled[pattern] || plainRead(was.method) && took < slow) {
			level = slog.LevelDebug
		}
		if s.opts.Logger.Enabled(ctx, level) {
			const longest = 256
			url := was.url.RequestURI()
			s.opts.Logger.LogAttrs(ctx, level, "request answered",
				telemetry.HTTPRequest(was.method, url[:min(longest, len(url))], code, took)...)
		}
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
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		trimmed := trim(r.URL.Path)
		again := trimmed != "" && trimmed != r.URL.Path
		if !again && r.Method != http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		was := asked{r.Method, r.URL}
		r = r.WithContext(context.WithValue(r.Context(), askedKey{}, was))
		if again {
			u := *was.url
			u.Path, u.RawPath = trimmed, trim(u.RawPath)
			r.URL = &u
		}
		if was.method == http.MethodHead {
			r.Method = http.MethodGet
			w = headWriter{w}
		}
		next.ServeHTTP(w, r)
	})
}

// asked is what the caller wrote.
type (
	asked struct {
		method string
		url    *url.URL
	}
	askedKey struct{}
)

// askedOf is what the caller of a request wrote, which is what there is unless [shape] changed it.
func askedOf(r *http.Request) asked {
	if was, changed := r.Context().Value(askedKey{}).(asked); changed {
		return was
	}
	return asked{r.Method, r.URL}
}

// headWriter drops the body, for writers that do not know the method.
type headWriter struct{ http.ResponseWriter }

func (w headWriter) Write(b []byte) (int, error) { return len(b), nil }

// limit is how long a request may take; one that is meant to wait has more.
func (s *Server) limit(c echo.Context) time.Duration {
	if c.QueryParam("wait") != "" {
		return s.opts.Limits.Request + s.opts.Limits.Wait
	}
	return s.opts.Limits.Request
}

// route is a method and a pattern that this server answers.
type route struct{ method, pattern string }

// beforeGenesis are the routes that need no chain.
var beforeGenesis = map[string]bool{
	"/": true, "/ping": true, BasePath + "/ping": true, BasePath + "/node": true, BasePath + "/node/attest": true,
	BasePath + "/genesis": true, BasePath + "/openapi.json": true, BasePath + "/docs": true, BasePath + "/docs/*": true,
}

// gate keeps callers from a chain that does not exist yet. Once there is one there always will be, and nobody asks any more.
func (s *Server) gate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if s.open.Load() || beforeGenesis[c.Path()] {
			return next(c)
		}
		if _, known := s.routes[route{c.Request().Method, c.Path()}]; known {
			switch s.backend.Node().State {
			case AwaitingGenesis:
				return fail(api.CodeAwaitingGenesis, "this node has no genesis yet: its network's ceremony is not over, or no --genesis was given")
			case Starting:
				return fail(api.CodeUnavailable, "this node is starting: ask again in a moment; GET "+BasePath+"/node says what it is doing")
			}
			s.open.Store(true)
		}
		return next(c)
	}
}
