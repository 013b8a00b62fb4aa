package main

import (
	"bytes"
	"log/slog"
	"math"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/posnet/posnet/node"
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

func TestTheCacheFollowsTheMemoryThereIs(t *testing.T) {
	t.Parallel()
	const none = math.MaxInt64
	for _, c := range []struct {
		name                 string
		limit, machine, want int64
	}{
		{"an eighth of the limit", 512 << 20, 64 << 30, 64 << 20},
		{"of a large one", 16 << 30, 64 << 30, 2 << 30},
		{"never less than a block needs", 64 << 20, 64 << 30, node.LeastCache},
		{"no limit: a 32nd of the machine", none, 16 << 30, 512 << 20},
		{"no limit, small machine", none, 1 << 30, 64 << 20},
		{"no limit, large machine: others need some, too", none, 1 << 40, 1 << 30},
		{"nothing known", none, machineUnknown, 64 << 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := cacheOf(c.limit, c.machine); got != c.want {
				t.Errorf("%d MiB, want %d", got>>20, c.want>>20)
			}
		})
	}
}
