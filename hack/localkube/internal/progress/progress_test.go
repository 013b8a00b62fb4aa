package progress

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAStepOffATerminalSpeaksEveryTenSecondsAndAtItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		r := &Reporter{out: &out, every: 10 * time.Second}
		err := r.Step(t.Context(), "compile", func(_ context.Context, s *Step) error {
			s.Detail("%d packages", 7)
			time.Sleep(25 * time.Second) // of the bubble's clock
			s.Detail("done")
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 3 || !strings.Contains(lines[0], "10.0s  7 packages") || !strings.Contains(lines[2], "25.0s  done") {
			t.Fatalf("shown:\n%s", out.String())
		}
	})
}

func TestAFailedStepSaysSoAndPassesTheErrorOn(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := &Reporter{out: &out, every: time.Hour}
	want := errors.New("no space")
	if err := r.Step(context.Background(), "compile", func(context.Context, *Step) error { return want }); !errors.Is(err, want) {
		t.Fatalf("error %v", err)
	}
	if !strings.Contains(out.String(), "failed after") {
		t.Fatalf("shown: %s", out.String())
	}
}
