package main

import (
	"bytes"
	"log/slog"
	"math"
	"runtime/debug"
	"strings"
	"testing"
)

// The limit is the process's own, so what is set here is taken back; not in parallel.
func TestALimitSetByHandGoesBeforeTheContainers(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	t.Setenv("GOMEMLIMIT", "1GiB") // read by the runtime at its start, so here only a sign to keep off
	debug.SetMemoryLimit(1 << 30)
	var out bytes.Buffer
	limitMemory(slog.New(slog.NewTextHandler(&out, nil)))
	if got := debug.SetMemoryLimit(-1); got != 1<<30 {
		t.Errorf("the limit is %d, want what was set", got)
	}
	if strings.Contains(out.String(), "WARN") {
		t.Error(out.String())
	}
}

func TestWithoutAContainerNothingIsLimited(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	limitMemory(slog.New(slog.DiscardHandler))
	if got := debug.SetMemoryLimit(-1); got != before && got == math.MaxInt64 {
		t.Errorf("the limit went from %d to none", before)
	}
}

func TestGOGCGoesBeforeOurOwn(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	t.Setenv("GOGC", "150")
	collectEarly()
	if got := debug.SetGCPercent(100); got != 100 {
		t.Errorf("GOGC was set, and %d %% taken", got)
	}
	t.Setenv("GOGC", "")
	collectEarly()
	if got := debug.SetGCPercent(100); got != collectAt {
		t.Errorf("%d %%, want %d", got, collectAt)
	}
}
