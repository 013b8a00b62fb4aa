package telemetry

import (
	"io"
	"log/slog"
	"time"
)

// The keys that the pipeline itself writes at the top of a line. An attribute of the same name would make a JSON object
// with the key twice, of which every reader keeps another one, so such an attribute is renamed (see reservedPrefix).
var reservedKeys = map[string]bool{
	"timestamp": true, "status": true, "message": true, "service": true, "host": true,
	"dd.env": true, "dd.service": true, "dd.version": true,
	slog.TimeKey: true, slog.LevelKey: true, slog.MessageKey: true,
}

// reservedPrefix is put before the key of an attribute that would hide a reserved one.
const reservedPrefix = "attr."

// newJSONHandler writes one JSON object a line with Datadog's reserved keys.
func newJSONHandler(w io.Writer, level slog.Leveler, identity []slog.Attr) slog.Handler {
	return slog.NewJSONHandler(w, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) > 0 {
				return a
			}
			switch a.Key {
			case slog.TimeKey:
				return slog.String("timestamp", a.Value.Time().UTC().Format(time.RFC3339Nano))
			case slog.LevelKey:
				level, _ := a.Value.Any().(slog.Level)
				return slog.String("status", statusOf(level))
			case slog.MessageKey:
				a.Key = "message"
			}
			return a
		},
	}).WithAttrs(identity)
}

// statusOf is Datadog's word for a level. The levels between the named ones (logr's V(1) is -1) belong to the lower one.
func statusOf(level slog.Level) string {
	switch {
	case level >= slog.LevelError:
		return "error"
	case level >= slog.LevelWarn:
		return "warn"
	case level >= slog.LevelInfo:
		return "info"
	default:
		return "debug"
	}
}
