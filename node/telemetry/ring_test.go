package telemetry_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"pgregory.net/rapid"

	"github.com/posnet/posnet/node/telemetry"
)

func ringOf(entries, size int) *telemetry.Logging {
	return telemetry.NewLogging(telemetry.LogOptions{
		Output: discard{}, Format: telemetry.FormatJSON, Level: slog.LevelDebug, Host: "h", RingEntries: entries, RingBytes: size,
	})
}

func TestTheRingKeepsTheNewestLines(t *testing.T) {
	t.Parallel()
	log := ringOf(3, 0)
	for i := range 5 {
		log.Logger.Info("event", "n", i)
	}
	var got []any
	for _, line := range log.Ring.Lines(slog.LevelDebug, 0) {
		got = append(got, lines(t, line)[0]["n"])
	}
	if fmt.Sprint(got) != "[2 3 4]" {
		t.Errorf("want lines 2 3 4, got %v", got)
	}
}

// The ring is what a plain list cut to both bounds would be.
func TestTheRingIsBoundedInLinesAndBytes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		entries := rapid.IntRange(1, 8).Draw(rt, "entries")
		size := rapid.IntRange(200, 2000).Draw(rt, "bytes")
		log := ringOf(entries, size)
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 2500), 0, 30).Draw(rt, "messages") {
			log.Logger.Info(fmt.Sprintf("%0*d", n+1, 7))
			held := log.Ring.Lines(slog.LevelDebug, 0)
			total := 0
			for _, line := range held {
				total += len(line)
			}
			if len(held) > entries || total > size {
				rt.Fatalf("want at most %d lines and %d bytes, got %d and %d", entries, size, len(held), total)
			}
		}
	})
}

func TestLogsAreServedByLevelAndLimit(t *testing.T) {
	t.Parallel()
	log := ringOf(0, 0)
	log.Logger.Debug("d")
	log.Logger.Info("i")
	log.Logger.Warn("w")
	log.Logger.Error("e")
	for query, want := range map[string]string{
		"":                    "[d i w e]",
		"?level=warn":         "[w e]",
		"?limit=2":            "[w e]",
		"?level=info&limit=1": "[e]",
	} {
		res := get(t, log.Ring, "/logs"+query)
		var got []any
		for _, m := range lines(t, res.Body.Bytes()) {
			got = append(got, m["message"])
		}
		if res.Code != http.StatusOK || fmt.Sprint(got) != want {
			t.Errorf("%q: want %s, got %d %v", query, want, res.Code, got)
		}
		if ct := res.Header().Get("Content-Type"); ct != "application/x-ndjson" {
			t.Errorf("content type: got %s", ct)
		}
	}
	for _, query := range []string{"?level=loud", "?limit=0", "?limit=x", "?limit=-1"} {
		if res := get(t, log.Ring, "/logs"+query); res.Code != http.StatusBadRequest {
			t.Errorf("%q: want 400, got %d", query, res.Code)
		}
	}
}

func get(t *testing.T, h http.Handler, target string) *httptest.ResponseRecorder {
	t.Helper()
	res := httptest.NewRecorder()
	h.ServeHTTP(res, httptest.NewRequest(http.MethodGet, target, nil))
	return res
}
