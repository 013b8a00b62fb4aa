package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics is every metric of a node, in a registry of its own: two nodes in one process (a devnet in a test) do not meet.
// The fields are safe for use by many goroutines. A metric that a node never touches (a full node forges nothing) is
// there all the same, at zero: dashboards and alerts then need no special case.
type Metrics struct {
	Registry *prometheus.Registry

	Consensus ConsensusMetrics
	Validator ValidatorMetrics
	Mempool   MempoolMetrics
	Peers     PeerMetrics
	Catchup   CatchupMetrics
	Storage   StorageMetrics
	HTTP      HTTPMetrics
}

// NewMetrics makes and registers the metrics of one node, with those of the Go runtime and of the process.
func NewMetrics() *Metrics {
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		newBuildInfo(Build()),
	)
	f := factory{reg}
	return &Metrics{
		Registry:  reg,
		Consensus: newConsensusMetrics(f),
		Validator: newValidatorMetrics(f),
		Mempool:   newMempoolMetrics(f),
		Peers:     newPeerMetrics(f),
		Catchup:   newCatchupMetrics(f),
		Storage:   newStorageMetrics(f),
		HTTP:      newHTTPMetrics(f),
	}
}

func newBuildInfo(b BuildInfo) prometheus.Collector {
	g := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "posnet_build_info",
		Help: "Always 1; the labels say what this binary is.",
		ConstLabels: prometheus.Labels{
			"version": b.Version, "revision": b.Revision, "go_version": b.GoVersion,
		},
	})
	g.Set(1)
	return g
}

// factory makes metrics and registers them in one go. A name used twice is a mistake of this package and panics.
type factory struct{ reg *prometheus.Registry }

func (f factory) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	f.reg.MustRegister(c)
	return c
}

func (f factory) gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	f.reg.MustRegister(g)
	return g
}

// counterVec starts each of the known values of its label at zero when it has just one label: the first ban or rejection
// is then a step from 0 to 1 that a rate can see, and not a series that begins at 1.
func (f factory) counterVec(name, help string, labels []string, known ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	f.reg.MustRegister(c)
	for _, v := range known {
		c.WithLabelValues(v)
	}
	return c
}

func (f factory) gaugeVec(name, help string, labels []string, known ...string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	f.reg.MustRegister(g)
	for _, v := range known {
		g.WithLabelValues(v)
	}
	return g
}

func (f factory) histogram(name, help string, buckets []float64) prometheus.Histogram {
	h := prometheus.NewHistogram(histogramOpts(name, help, buckets))
	f.reg.MustRegister(h)
	return h
}

func (f factory) histogramVec(name, help string, buckets []float64, labels []string, known ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(histogramOpts(name, help, buckets), labels)
	f.reg.MustRegister(h)
	for _, v := range known {
		h.WithLabelValues(v)
	}
	return h
}

// histogramOpts gives every histogram its classic buckets, which any scraper reads, and native ones (10 % wide, at most
// 100 of them), which Prometheus stores instead when it is told to.
func histogramOpts(name, help string, buckets []float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: buckets,
		NativeHistogramBucketFactor:    1.1,
		NativeHistogramMaxBucketNumber: 100,
	}
}

// Bucket bounds, in seconds. The promises lie inside: an fsync takes about a millisecond, finality tens of them, a round's
// time-out half a second and more.
var (
	fastSeconds  = []float64{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1}
	blockSeconds = []float64{0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 2, 5, 10, 30, 60}
)
