package telemetry

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// HTTPMetrics is about the public API.
type HTTPMetrics struct {
	// Streams is the event streams (SSE) open now.
	Streams  prometheus.Gauge
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newHTTPMetrics(f factory) HTTPMetrics {
	return HTTPMetrics{
		Streams: f.gauge("posnet_http_event_streams",
			"Event streams open on the API."),
		requests: f.counterVec("posnet_http_requests_total",
			"API requests answered, by method, route pattern and status code.", []string{"method", "route", "code"}),
		duration: f.histogramVec("posnet_http_request_duration_seconds",
			"Seconds from reading an API request to the end of its answer, by route pattern; event streams are left out.",
			blockSeconds, []string{"route"}),
	}
}

// Request counts an answered request. route is the pattern it matched ("/api/v1/blocks/:id"), never its path; an empty one
// (nothing matched) counts as "none".
func (m HTTPMetrics) Request(method, route string, code int, took time.Duration) {
	route = knownRoute(route)
	m.requests.WithLabelValues(knownMethod(method), route, strconv.Itoa(code)).Inc()
	m.duration.WithLabelValues(route).Observe(took.Seconds())
}

// Stream counts the request that opened an event stream, whose length says nothing of the API's speed.
func (m HTTPMetrics) Stream(method, route string, code int) {
	m.requests.WithLabelValues(knownMethod(method), knownRoute(route), strconv.Itoa(code)).Inc()
}

func knownRoute(route string) string {
	if route == "" {
		return "none"
	}
	return route
}

// knownMethod keeps a client from making series with methods of its own.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions:
		return method
	default:
		return "other"
	}
}
