package telemetry

import (
	"context"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
)

// MessageCounter counts log lines by level as posnet_log_messages_total. It is a sink of the pipeline and a
// prometheus.Collector, which its owner registers.
type MessageCounter struct {
	*prometheus.CounterVec
}

// NewMessageCounter makes a counter at zero for each level, so that a rate over the first error is not lost.
func NewMessageCounter() *MessageCounter {
	c := &MessageCounter{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "posnet_log_messages_total",
		Help: "Log lines written, by level (debug, info, warn, error).",
	}, []string{"level"})}
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		c.WithLabelValues(statusOf(level))
	}
	return c
}

// Enabled is always true: the gate before the sinks has decided.
func (c *MessageCounter) Enabled(context.Context, slog.Level) bool { return true }

// Handle counts one record.
func (c *MessageCounter) Handle(_ context.Context, r slog.Record) error {
	c.WithLabelValues(statusOf(r.Level)).Inc()
	return nil
}

// WithAttrs returns the counter itself: attributes do not matter to it.
func (c *MessageCounter) WithAttrs([]slog.Attr) slog.Handler { return c }

// WithGroup returns the counter itself: groups do not matter to it.
func (c *MessageCounter) WithGroup(string) slog.Handler { return c }
