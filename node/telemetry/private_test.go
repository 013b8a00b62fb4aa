package telemetry_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/posnet/posnet/node/telemetry"
)

func well(context.Context) []telemetry.Reason { return nil }

func privatePort(live, ready telemetry.Probe) (http.Handler, *telemetry.Logging) {
	log := ringOf(0, 0)
	m := telemetry.NewMetrics()
	m.Registry.MustRegister(log.Messages)
	return telemetry.PrivateHandler(telemetry.PrivateOptions{
		Gatherer: m.Registry, Live: live, Ready: ready, Ring: log.Ring, Logger: log.Logger,
	}), log
}

func TestThePrivatePortServesMetricsAndLogs(t *testing.T) {
	t.Parallel()
	h, log := privatePort(well, well)
	log.Logger.Warn("seen")
	res := get(t, h, "/metrics")
	for _, want := range []string{
		`posnet_log_messages_total{level="warn"} 1`, "posnet_build_info{", "go_goroutines ", "process_open_fds ",
		`posnet_mempool_rejected_total{reason="bad_nonce"} 0`,
	} {
		if !strings.Contains(res.Body.String(), want) {
			t.Errorf("/metrics: want %s", want)
		}
	}
	if res := get(t, h, "/logs"); !strings.Contains(res.Body.String(), `"message":"seen"`) {
		t.Errorf("/logs: got %s", res.Body)
	}
	if res := get(t, h, "/debug/pprof/"); res.Code != http.StatusNotFound {
		t.Errorf("pprof is on the private port: %d", res.Code)
	}
}

func TestAProbeSaysWhy(t *testing.T) {
	t.Parallel()
	behind := func(context.Context) []telemetry.Reason {
		return []telemetry.Reason{{Code: "CatchingUp", Message: "12 blocks behind"}}
	}
	h, _ := privatePort(well, behind)
	for path, want := range map[string]struct {
		code int
		body string
	}{
		"/healthz": {http.StatusOK, `{"status":"ok","reasons":[]}`},
		"/readyz":  {http.StatusServiceUnavailable, `{"status":"unavailable","reasons":[{"code":"CatchingUp","message":"12 blocks behind"}]}`},
	} {
		res := get(t, h, path)
		if got := strings.TrimSpace(res.Body.String()); res.Code != want.code || got != want.body {
			t.Errorf("%s: want %d %s, got %d %s", path, want.code, want.body, res.Code, got)
		}
	}
}

func TestAProbeIsGivenADeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stuck := func(ctx context.Context) []telemetry.Reason {
			<-ctx.Done()
			return []telemetry.Reason{{Code: "LoopStuck", Message: ctx.Err().Error()}}
		}
		h, _ := privatePort(stuck, well)
		asked := time.Now()
		res := get(t, h, "/healthz")
		if took := time.Since(asked); res.Code != http.StatusServiceUnavailable || took >= time.Second {
			t.Errorf("want 503 within the kubelet's second from a loop that does not answer, got %d after %s", res.Code, took)
		}
	})
}

func TestDebugListensOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.org:0"} {
		if l, err := telemetry.ListenLoopback(t.Context(), addr); !errors.Is(err, telemetry.ErrNotLoopback) {
			if err == nil {
				_ = l.Close()
			}
			t.Errorf("%s: want ErrNotLoopback, got %v", addr, err)
		}
	}
	l, err := telemetry.ListenLoopback(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
}

func TestTheDebugPortShowsProfilesAndSetsTheLevel(t *testing.T) {
	t.Parallel()
	var level slog.LevelVar
	h := telemetry.DebugHandler(&level)
	if res := get(t, h, "/debug/pprof/"); res.Code != http.StatusOK || !strings.Contains(res.Body.String(), "goroutine") {
		t.Errorf("pprof index: got %d", res.Code)
	}
	put := func(query string) *httptest.ResponseRecorder {
		res := httptest.NewRecorder()
		h.ServeHTTP(res, httptest.NewRequest(http.MethodPut, "/debug/log-level"+query, nil))
		return res
	}
	if res := put("?level=debug"); res.Code != http.StatusOK || level.Level() != slog.LevelDebug {
		t.Errorf("want debug, got %d and %s", res.Code, level.Level())
	}
	if res := put("?level=loud"); res.Code != http.StatusBadRequest || level.Level() != slog.LevelDebug {
		t.Errorf("want a refusal and no change, got %d and %s", res.Code, level.Level())
	}
	var answer struct{ Level string }
	if err := json.Unmarshal(get(t, h, "/debug/log-level").Body.Bytes(), &answer); err != nil || answer.Level != "debug" {
		t.Errorf("want the level told, got %q, %v", answer.Level, err)
	}
}
