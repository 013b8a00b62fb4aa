package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"
)

// marked is what a load of so many seconds tells that had each second's transfers final at that second's end. Transfer n took n
// milliseconds.
func marked(perSecond []int) []minute {
	began := time.Unix(1_800_000_000, 0)
	passed := minutes{{at: began}}
	now := passed[0]
	var times []time.Duration
	for i, n := range perSecond {
		for range n {
			times = append(times, time.Duration(len(times)+1)*time.Millisecond)
		}
		now = mark{began.Add(time.Duration(i+1) * time.Second), now.final + uint64(n), len(times)}
		passed.pass(now)
	}
	passed.end(now)
	return passed.told(times)
}

func steady(seconds, perSecond int) []int {
	out := make([]int, seconds)
	for i := range out {
		out[i] = perSecond
	}
	return out
}

func TestALongLoadIsToldMinuteByMinute(t *testing.T) {
	t.Parallel()
	got := marked(append(steady(60, 10), steady(60, 5)...))
	want := []minute{
		{Seconds: 60, Final: 600, TxPerSecond: 10, Finality: spread{Min: 1, P50: 300, P90: 540, P99: 594, Max: 600}},
		{Seconds: 60, Final: 300, TxPerSecond: 5, Finality: spread{Min: 601, P50: 750, P90: 870, P99: 897, Max: 900}},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	var out bytes.Buffer
	showMinutes(&out, got)
	shows(t, out.String(), "first minute", "10 a second, p50 300.0 ms, p99 594.0 ms", "last minute", "5 a second, p50 750.0 ms, p99 897.0 ms: -50.0 %", "slowest minute")
}

func TestTheLastMinuteOfALoadIsNoShortOne(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		seconds int
		lasted  []float64 // seconds
	}{
		{59, nil},
		{60, nil},
		{89, nil},
		{90, []float64{60, 30}},
		{120, []float64{60, 60}},
		{149, []float64{60, 89}},
		{150, []float64{60, 60, 30}},
	} {
		var lasted []float64
		final := uint64(0)
		for _, m := range marked(steady(c.seconds, 3)) {
			lasted = append(lasted, m.Seconds)
			final += m.Final
		}
		if !slices.Equal(lasted, c.lasted) || c.lasted != nil && final != uint64(3*c.seconds) {
			t.Errorf("%d s are told as minutes of %v s with %d transfers, want %v", c.seconds, lasted, final, c.lasted)
		}
	}
}

// A minute in which nothing became final has no times, and does not end a load.
func TestAMinuteMayHaveNothingFinal(t *testing.T) {
	t.Parallel()
	got := marked(append(steady(60, 0), steady(60, 1)...))
	if len(got) != 2 || got[0] != (minute{Seconds: 60}) || got[1].Final != 60 {
		t.Errorf("%+v", got)
	}
}

func TestALoadEndsWhenItHasWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	_, url, faucet := busy(t)
	var got loaded
	text := mustBench(t, "load", "--key-file", faucet, "--node", url, "--accounts", "100", "--batch", "10", "--warmup", "0", "--in-flight", "20",
		"--transfers", "50", "--duration", "1h", "-o", "json")
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if got.Interrupted || got.Final < 50 || got.Final > 70 { // a block may bring as many as are under way
		t.Errorf("%s", text)
	}
}
