package telemetry_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/posnet/posnet/node/telemetry"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// touch makes one series of every metric, with the labels it is used with.
func touch(m *telemetry.Metrics) {
	m.Peers.Message(telemetry.KindVote, telemetry.In, 120)
	m.Peers.Dropped(telemetry.KindVote, telemetry.Out)
	m.HTTP.Request("GET", "/api/v1/status", 200, time.Millisecond)
}

func TestMetricNamesFollowTheConventions(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics()
	touch(m)
	problems, err := testutil.GatherAndLint(m.Registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "posnet_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

// The list is what dashboards and alerts may rely on: a name that changes here breaks somebody's pager.
func TestTheListOfMetricsIsTheGoldenOne(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics()
	touch(m)
	m.Registry.MustRegister(telemetry.NewMessageCounter())
	families, err := m.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "posnet_") {
			continue
		}
		var labels []string
		for _, p := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, p.GetName())
		}
		slices.Sort(labels)
		fmt.Fprintf(&b, "%s{%s} %s\n    %s\n", f.GetName(), strings.Join(labels, ","), strings.ToLower(f.GetType().String()), f.GetHelp())
	}
	const golden = "testdata/metrics.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the metrics changed; if that is meant, run go test ./node/telemetry -update and tell the CHANGELOG\ngot:\n%s\nwant:\n%s", b.String(), want)
	}
}

func TestNoLabelTakesAValueThatAStrangerChose(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics()
	touch(m)
	before := series(t, m)
	for i := range 100 {
		odd := fmt.Sprintf("odd-%d", i)
		m.Peers.Message(odd, telemetry.In, 1)
		m.Peers.Banned(odd)
		m.Peers.Dropped(odd, telemetry.In)
		m.Mempool.Rejected(odd)
		m.Storage.Fsync(odd, time.Millisecond)
		m.HTTP.Request(odd, "", 404, time.Millisecond)
	}
	// One series each for: messages, bytes, drops of kind other; a route "none" in requests and duration; a file "other".
	if grown := series(t, m) - before; grown != 6 {
		t.Errorf("want 6 series for what is not known, got %d", grown)
	}
}

func series(t *testing.T, m *telemetry.Metrics) int {
	t.Helper()
	n, err := testutil.GatherAndCount(m.Registry)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTwoNodesInOneProcessDoNotMeet(t *testing.T) {
	t.Parallel()
	a, b := telemetry.NewMetrics(), telemetry.NewMetrics()
	a.Consensus.ChainHeight.Set(7)
	a.Peers.SetConnected(1, 2)
	if got := testutil.ToFloat64(b.Consensus.ChainHeight); got != 0 {
		t.Errorf("the other node's height is %v", got)
	}
	err := testutil.GatherAndCompare(a.Registry, strings.NewReader(`
# HELP posnet_peers Connected peers, by who dialled (inbound, outbound).
# TYPE posnet_peers gauge
posnet_peers{direction="inbound"} 1
posnet_peers{direction="outbound"} 2
`), "posnet_peers")
	if err != nil {
		t.Error(err)
	}
}
