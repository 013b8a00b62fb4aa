package posnet

import (
	"strings"
	"testing"
	"time"

	"github.com/posnet/posnet/hack/bench/internal/figure"
)

const loadOutput = `{
  "nodes": ["http://127.0.0.1:27700"],
  "chainID": "devnet",
  "accounts": 100000,
  "rate": 0,
  "began": "2026-11-22T19:00:00.250Z",
  "ended": "2026-11-22T19:01:00.750Z",
  "seconds": 60.5,
  "submitted": 610000,
  "refused": 3,
  "full": 7,
  "final": 605000,
  "txPerSecond": 10000,
  "blocks": 121,
  "firstBlock": 20,
  "lastBlock": 140,
  "finalityMs": {"min": 10.5, "p50": 1500.25, "p90": 1900, "p99": 2100, "max": 2500},
  "cpuSeconds": 9.5
}`

func TestTheGeneratorsOutputIsRead(t *testing.T) {
	t.Parallel()
	got, win, err := parseLoad([]byte(loadOutput))
	if err != nil {
		t.Fatal(err)
	}
	want := figure.Load{Final: 605000, Seconds: 60.5, P50: 1500.25, P99: 2100, GeneratorCPU: 9.5, Blocks: 121}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if win.to.Sub(win.from) != 60500*time.Millisecond || win.from.Nanosecond() != 250_000_000 {
		t.Errorf("the window is from %v to %v, want the 60.5 s that the output tells", win.from, win.to)
	}
}

func TestAFigureThatIsMissingIsNotZero(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"submitted", "refused", "final", "seconds", "blocks", "cpuSeconds", "p50", "p99", "finalityMs", "began", "ended"} {
		text := strings.Replace(loadOutput, `"`+key+`"`, `"other"`, 1)
		if text == loadOutput {
			t.Fatalf("no %s in the sample", key)
		}
		if _, _, err := parseLoad([]byte(text)); err == nil {
			t.Errorf("without %s there is no error", key)
		}
	}
	for name, text := range map[string]string{
		"nothing final": strings.Replace(loadOutput, "605000", "0", 1), "no time": strings.Replace(loadOutput, "60.5", "0", 1), "no JSON": "posnet: refused", "nothing": "",
	} {
		if _, _, err := parseLoad([]byte(text)); err == nil {
			t.Errorf("%s is taken for a measurement", name)
		}
	}
}

func TestIdleOutput(t *testing.T) {
	t.Parallel()
	p50, p99, err := parseIdle([]byte(`{"transfers":200,"finalityMs":{"min":9,"p50":12.5,"p90":20,"p99":33,"max":40}}`))
	if err != nil || p50 != 12.5 || p99 != 33 {
		t.Errorf("%v and %v (%v), want 12.5 and 33", p50, p99, err)
	}
	for _, text := range []string{"", "{}", `{"finalityMs":{"p50":1}}`} {
		if _, _, err := parseIdle([]byte(text)); err == nil {
			t.Errorf("%q is taken for a measurement", text)
		}
	}
}

func FuzzParseLoad(f *testing.F) {
	f.Add([]byte(loadOutput))
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, win, err := parseLoad(b); err == nil && (l.Final < 1 || l.Seconds <= 0 || !win.from.Before(win.to)) {
			t.Errorf("%+v from %q", l, b)
		}
	})
}
