package figure

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestSpread(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		values []float64
		want   Spread
	}{
		"one value is its own median":                     {[]float64{7}, Spread{7, 7, 7}},
		"of three the middle one":                         {[]float64{9, 1, 4}, Spread{4, 1, 9}},
		"of an even number the mean of the middle two":    {[]float64{1, 2, 4, 100}, Spread{3, 1, 100}},
		"the same value every time has no range to speak": {[]float64{5, 5, 5}, Spread{5, 5, 5}},
	} {
		if got := SpreadOf(c.values); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestPercentileIsATimeThatWasSeen(t *testing.T) {
	t.Parallel()
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(100 - i) // backwards: it has to sort
	}
	for _, c := range []struct {
		times   []time.Duration
		percent int
		want    time.Duration
	}{
		{nil, 50, 0}, {[]time.Duration{3}, 99, 3}, {[]time.Duration{2, 1}, 50, 1}, {hundred, 50, 50}, {hundred, 99, 99}, {hundred, 100, 100}, {hundred, 0, 1},
	} {
		if got := Percentile(c.times, c.percent); got != c.want {
			t.Errorf("p%d of %d times is %d, want %d", c.percent, len(c.times), got, c.want)
		}
	}
}

func TestNumbersHaveThousandsApart(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]string{
		"0": number(0, 0), "999": number(999, 0), "1,000": number(1000, 0), "1,234,567.9": number(1234567.89, 1), "-1,000": number(-1000, 0), "-100": number(-100, 0),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// sample is two rounds of two systems with figures that are easy to check.
func sample() *Report {
	run := func(system string, final int) Run {
		return Run{
			System: system, Validators: 4, Cores: 2, IdleP50: 10, IdleP99: 20, IdleCount: 200,
			Peak: Load{
				Final: final, Seconds: 10, P50: 100, P99: 200, NodeCPU: 18, GeneratorCPU: 2, MemoryMax: 2 * mebibyte, MemoryMean: mebibyte,
				Blocks: 50, DiskBytes: float64(final) * 4 * 300, DiskTxs: final,
			},
		}
	}
	return &Report{
		Machine: Machine{CPU: "Example CPU", Cores: 2, Filesystem: "ext4"}, Setting: Setting{Validators: 4, Rounds: 2, Seconds: 10},
		Systems: []string{"posnet", "cometbft"}, Versions: map[string]string{"posnet": "v1", "cometbft": "v2"},
		Runs: []Run{run("posnet", 120_000), run("cometbft", 40_000), run("posnet", 100_000), run("cometbft", 48_000)},
	}
}

func TestTableTellsMedianRangeAndRatio(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := sample().Table(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range [][]string{
		{"FIGURE", "UNIT", "POSNET", "COMETBFT", "RATIO"},
		{"final transactions", "tx/s", "11,000 [10,000-12,000]", "4,400 [4,000-4,800]", "2.50x"},
		{"one at a time, p50", "ms", "10.0", "10.0", "1.00x"},
		{"the generator's share", "%", "10.0", "10.0"},
		{"memory of all nodes, most", "MiB", "2"},
		{"disk per tx and node", "B", "300", "300"},
		{"mean time between blocks", "ms", "200"},
		{"at half of the peak", "tx/s", "-", "-", "-"}, // not measured
	} {
		if !hasLine(b.String(), want) {
			t.Errorf("no line with %q, in this order, in\n%s", want, b.String())
		}
	}
}

func TestASystemWithoutARoundHasNoFigures(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Runs = r.Runs[:1]
	var b bytes.Buffer
	if err := r.Table(&b); err != nil {
		t.Fatal(err)
	}
	if !hasLine(b.String(), []string{"final transactions", "12,000", "-", "-"}) {
		t.Errorf("a dash for what was not measured, want it in\n%s", b.String())
	}
}

func TestJSONIsOneLineOfMedians(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := sample().JSON(&b); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "\n"); n != 1 {
		t.Errorf("%d lines, want 1", n)
	}
	var got struct {
		Medians map[string]map[string]float64 `json:"medians"`
		Ratios  map[string]float64            `json:"ratios"`
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if x := got.Medians["posnet"]["txPerSecond"]; x != 11000 {
		t.Errorf("posnet's median is %v, want 11000", x)
	}
	if x := got.Ratios["txPerSecond"]; x != 2.5 {
		t.Errorf("the ratio is %v, want 2.5", x)
	}
	if x, ok := got.Medians["cometbft"]["pacedP50Ms"]; ok {
		t.Errorf("what was not measured is %v, want it left out", x)
	}
	if n, want := len(got.Medians["cometbft"]), len(All())-4; n != want {
		t.Errorf("%d figures, want all %d but the paced ones", n, want)
	}
}

// hasLine tells whether a line of text has all parts, one after the other.
func hasLine(text string, parts []string) bool {
lines:
	for line := range strings.Lines(text) {
		for _, p := range parts {
			_, after, ok := strings.Cut(line, p)
			if !ok {
				continue lines
			}
			line = after
		}
		return true
	}
	return false
}
