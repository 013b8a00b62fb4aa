package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/posnet/posnet/node/telemetry"
)

// pipeline builds a logging pipeline that writes JSON to the returned buffer under a fixed identity.
func pipeline(t *testing.T, level slog.Level) (*telemetry.Logging, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	env := map[string]string{"DD_ENV": "test", "DD_SERVICE": "demo", "DD_VERSION": "v9"}
	return telemetry.NewLogging(telemetry.LogOptions{
		Output: &out, Format: telemetry.FormatJSON, Level: level, Service: "posnet", Host: "pod-0",
		Getenv: func(k string) string { return env[k] },
	}), &out
}

// lines decodes what was written, failing on anything that is not one JSON object a line.
func lines(t *testing.T, out []byte) []map[string]any {
	t.Helper()
	var all []map[string]any
	for _, line := range bytes.Split(bytes.TrimSpace(out), []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatalf("a line is not a JSON object: %v\n%s", err, line)
		}
		all = append(all, m)
	}
	return all
}

func one(t *testing.T, out *bytes.Buffer) map[string]any {
	t.Helper()
	all := lines(t, out.Bytes())
	if len(all) != 1 {
		t.Fatalf("want one line, got %d:\n%s", len(all), out)
	}
	return all[0]
}

func TestALineCarriesDatadogsReservedKeys(t *testing.T) {
	t.Parallel()
	log, out := pipeline(t, slog.LevelInfo)
	log.Logger.Warn("peer banned", "reason", "flood")
	got := one(t, out)
	for key, want := range map[string]any{
		"status": "warn", "message": "peer banned", "service": "demo", "host": "pod-0",
		"dd.env": "test", "dd.service": "demo", "dd.version": "v9", "reason": "flood",
	} {
		if got[key] != want {
			t.Errorf("%s: want %v, got %v", key, want, got[key])
		}
	}
	stamp, _ := got["timestamp"].(string)
	at, err := time.Parse(time.RFC3339Nano, stamp)
	if err != nil || at.Location() != time.UTC {
		t.Errorf("timestamp: want RFC 3339 in UTC, got %q (%v)", stamp, err)
	}
	for _, gone := range []string{"time", "level", "msg"} {
		if _, there := got[gone]; there {
			t.Errorf("%s: slog's own key is still there", gone)
		}
	}
}

func TestServiceDefaultsWhenDatadogSaysNothing(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := telemetry.NewLogging(telemetry.LogOptions{
		Output: &out, Format: telemetry.FormatJSON, Service: "posnet-operator", Getenv: func(string) string { return "" },
	})
	log.Logger.Info("started")
	got := one(t, &out)
	if got["service"] != "posnet-operator" || got["dd.service"] != "posnet-operator" || got["dd.version"] == "" {
		t.Errorf("want the service's own name and a version, got %v", got)
	}
}

func TestAnAttributeNeverHidesAReservedKey(t *testing.T) {
	t.Parallel()
	log, out := pipeline(t, slog.LevelInfo)
	log.Logger.With("service", "mine").Info("event", "message", "other", "level", 7)
	got := one(t, out)
	if got["service"] != "demo" || got["message"] != "event" || got["status"] != "info" {
		t.Errorf("a reserved key was overwritten: %v", got)
	}
	if got["attr.service"] != "mine" || got["attr.message"] != "other" || got["attr.level"] != float64(7) {
		t.Errorf("the attributes are not under their new names: %v", got)
	}
	if n := strings.Count(out.String(), `"service":`); n != 1 {
		t.Errorf("want the key service once, got %d times: %s", n, out)
	}
}

func TestAnErrorBecomesAnObject(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"error", "err"} {
		log, out := pipeline(t, slog.LevelInfo)
		log.Logger.Error("commit failed", key, errors.New("disk full"))
		object, _ := one(t, out)["error"].(map[string]any)
		if object["message"] != "disk full" || object["kind"] != "*errors.errorString" {
			t.Errorf("%s: want error{message,kind}, got %s", key, out)
		}
	}
	log, out := pipeline(t, slog.LevelInfo)
	log.Logger.Info("fine", telemetry.Err(nil))
	if _, there := one(t, out)["error"]; there {
		t.Errorf("no error was given, and one was written: %s", out)
	}
}

func TestARequestIsLoggedAsTheOriginalDid(t *testing.T) {
	t.Parallel()
	log, out := pipeline(t, slog.LevelInfo)
	log.Logger.LogAttrs(context.Background(), slog.LevelInfo, "request answered",
		telemetry.HTTPRequest("GET", "/ping/", 200, 3*time.Millisecond)...)
	got := one(t, out)
	http, _ := got["http"].(map[string]any)
	if http["method"] != "GET" || http["url"] != "/ping/" || http["status_code"] != float64(200) {
		t.Errorf("want http{method,url,status_code}, got %s", out)
	}
	if got["duration"] != float64(3_000_000) {
		t.Errorf("want duration in nanoseconds, got %v", got["duration"])
	}
}

func TestAttributesTravelInTheContext(t *testing.T) {
	t.Parallel()
	log, out := pipeline(t, slog.LevelInfo)
	outer := telemetry.WithAttrs(context.Background(), slog.Uint64("height", 7))
	inner := telemetry.WithAttrs(outer, slog.String("token", "abc"))
	sibling := telemetry.WithAttrs(outer, slog.String("peer", "p"))
	log.Logger.InfoContext(inner, "event")
	got := one(t, out)
	if got["height"] != float64(7) || got["token"] != "[redacted]" {
		t.Errorf("want height and a redacted token from the context, got %v", got)
	}
	out.Reset()
	log.Logger.InfoContext(sibling, "event")
	if got := one(t, out); got["token"] != nil || got["peer"] != "p" {
		t.Errorf("contexts of one parent share attributes: %v", got)
	}
}

func TestTheLevelChangesWhileRunning(t *testing.T) {
	t.Parallel()
	log, out := pipeline(t, slog.LevelInfo)
	derived := log.Logger.With("part", "gossip")
	derived.Debug("unseen")
	log.Level.Set(slog.LevelDebug)
	derived.Debug("seen")
	if got := one(t, out); got["message"] != "seen" || got["status"] != "debug" {
		t.Errorf("want only the line after the change, got %v", got)
	}
	log.Level.Set(slog.LevelError)
	if log.Logger.Enabled(context.Background(), slog.LevelWarn) {
		t.Error("warnings are still made although only errors are wanted")
	}
}

func TestEveryLineIsCountedByItsLevel(t *testing.T) {
	t.Parallel()
	log, _ := pipeline(t, slog.LevelInfo)
	log.Logger.Debug("not written")
	log.Logger.Info("a")
	log.Logger.WithGroup("g").With("k", 1).Info("b")
	log.Logger.Error("c")
	for level, want := range map[string]float64{"debug": 0, "info": 2, "warn": 0, "error": 1} {
		if got := testutil.ToFloat64(log.Messages.WithLabelValues(level)); got != want {
			t.Errorf("%s: want %v lines counted, got %v", level, want, got)
		}
	}
}

func TestLogrGoesThroughTheSamePipeline(t *testing.T) {
	t.Parallel()
	log, out := pipeline(t, slog.LevelInfo)
	bridge := log.Logr().WithName("manager")
	bridge.V(1).Info("too fine")
	bridge.Info("reconciled", "password", "hunter2")
	bridge.Error(errors.New("conflict"), "update failed")
	got := lines(t, out.Bytes())
	if len(got) != 2 {
		t.Fatalf("want two lines, got:\n%s", out)
	}
	if got[0]["status"] != "info" || got[0]["password"] != "[redacted]" || got[0]["logger"] != "manager" {
		t.Errorf("want an info line of manager without its password, got %v", got[0])
	}
	if object, _ := got[1]["error"].(map[string]any); got[1]["status"] != "error" || object["message"] != "conflict" {
		t.Errorf("want an error line with its error, got %v", got[1])
	}
}

func TestTextFormatLeavesTheIdentityOut(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := telemetry.NewLogging(telemetry.LogOptions{Output: &out, Format: telemetry.FormatText, Host: "pod-0"})
	log.Logger.Info("block final", "height", 3, "secret", "x")
	if got := out.String(); !strings.Contains(got, `msg="block final" height=3 secret=[redacted]`) || strings.Contains(got, "pod-0") {
		t.Errorf("want a short redacted text line, got %s", got)
	}
}

func TestFlagsAreParsed(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]telemetry.Format{
		"json": telemetry.FormatJSON, "TEXT": telemetry.FormatText, "": telemetry.FormatAuto, "auto": telemetry.FormatAuto,
	} {
		if got, err := telemetry.ParseFormat(in); err != nil || got != want {
			t.Errorf("format %q: want %s, got %s, %v", in, want, got, err)
		}
	}
	if _, err := telemetry.ParseFormat("xml"); err == nil {
		t.Error("format xml was taken")
	}
	for in, want := range map[string]slog.Level{
		"debug": slog.LevelDebug, "Info": slog.LevelInfo, "warn": slog.LevelWarn, "warning": slog.LevelWarn, "error": slog.LevelError,
	} {
		if got, err := telemetry.ParseLevel(in); err != nil || got != want {
			t.Errorf("level %q: want %s, got %s, %v", in, want, got, err)
		}
	}
	if _, err := telemetry.ParseLevel("loud"); err == nil {
		t.Error("level loud was taken")
	}
}
