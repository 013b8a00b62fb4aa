package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Reason is why a probe says no.
type Reason struct {
	Code    string `json:"code"`    // stable, CamelCase, such as "CatchingUp"
	Message string `json:"message"` // for a person, such as "12 blocks behind height 340"
}

// Probe answers whether something is well: no reasons means yes. It must return when ctx ends; the private port gives it
// probeTimeout.
type Probe func(ctx context.Context) []Reason

// probeTimeout is below the kubelet's default of one second, so that the kubelet gets our reason and not its own timeout.
const probeTimeout = 900 * time.Millisecond

// PrivateOptions is what the private port serves.
type PrivateOptions struct {
	Gatherer prometheus.Gatherer // behind /metrics
	Live     Probe               // behind /healthz: the event loop answers; never the chain's progress
	Ready    Probe               // behind /readyz: caught up, or halted along with everybody
	Ring     *Ring               // behind /logs
	Logger   *slog.Logger        // told of errors while gathering metrics
}

// PrivateHandler serves /metrics, /healthz, /readyz and /logs. All fields of o must be set.
func PrivateHandler(o PrivateOptions) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.Gatherer, promhttp.HandlerOpts{
		ErrorLog:            promLog{o.Logger},
		ErrorHandling:       promhttp.ContinueOnError,
		EnableOpenMetrics:   true,
		MaxRequestsInFlight: 8,
		Timeout:             10 * time.Second,
	}))
	mux.Handle("GET /healthz", probeHandler(o.Live))
	mux.Handle("GET /readyz", probeHandler(o.Ready))
	mux.Handle("GET /logs", o.Ring)
	return mux
}

func probeHandler(probe Probe) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), probeTimeout)
		defer cancel()
		answer := struct {
			Status  string   `json:"status"` // "ok" or "unavailable"
			Reasons []Reason `json:"reasons"`
		}{"ok", []Reason{}}
		code := http.StatusOK
		if reasons := probe(ctx); len(reasons) > 0 {
			answer.Status, answer.Reasons, code = "unavailable", reasons, http.StatusServiceUnavailable
		}
		writeJSON(w, code, answer)
	})
}

// promLog gives promhttp's errors a place in the log.
type promLog struct{ *slog.Logger }

func (l promLog) Println(v ...any) { l.Warn("gathering metrics failed", "detail", fmt.Sprint(v...)) }

// NewServer is an http.Server for the private or the debug port, with time-outs on everything a client could draw out.
func NewServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      2 * time.Minute, // a CPU profile takes 30 s, a trace as long as was asked
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
}

// ErrNotLoopback is returned by ListenLoopback for an address that others could reach. Give 127.0.0.1, [::1] or localhost.
var ErrNotLoopback = errors.New("not a loopback address")

// ListenLoopback listens on a TCP address whose host must be loopback; an empty host, which would mean every interface,
// is refused. Profiles show memory, and memory holds keys.
func ListenLoopback(ctx context.Context, addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("debug address %q: %w", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("debug address %q: %w", addr, ErrNotLoopback)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on debug address: %w", err)
	}
	return l, nil
}

// DebugHandler serves /debug/pprof/ and /debug/log-level (GET shows it, PUT ?level=debug sets it). Only for loopback.
func DebugHandler(level *slog.LevelVar) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /debug/log-level", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"level": statusOf(level.Level())})
	})
	mux.HandleFunc("PUT /debug/log-level", func(w http.ResponseWriter, r *http.Request) {
		l, err := ParseLevel(r.URL.Query().Get("level"))
		if err != nil {
			writeProblem(w, http.StatusBadRequest, "bad_level", err.Error())
			return
		}
		level.Set(l)
		writeJSON(w, http.StatusOK, map[string]string{"level": statusOf(l)})
	})
	return mux
}

// writeProblem answers an error in the API's shape: a stable code and a message for a person.
func writeProblem(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, map[string]any{"error": map[string]string{"code": code, "message": message}})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the only error left is a reader that has gone
}
