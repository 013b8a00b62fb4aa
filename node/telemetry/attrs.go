package telemetry

import (
	"context"
	"log/slog"
	"time"
)

type attrsKey struct{}

// WithAttrs returns a context whose attributes are added to everything that is logged with it, after those already there.
func WithAttrs(ctx context.Context, attrs ...slog.Attr) context.Context {
	had := contextAttrs(ctx)
	all := make([]slog.Attr, 0, len(had)+len(attrs))
	return context.WithValue(ctx, attrsKey{}, append(append(all, had...), attrs...))
}

func contextAttrs(ctx context.Context) []slog.Attr {
	if ctx == nil { // slog's own calls without a context pass Background, but a bridge may pass nothing
		return nil
	}
	attrs, _ := ctx.Value(attrsKey{}).([]slog.Attr)
	return attrs
}

// HTTPRequest is the attributes of one served request: the object http{method,url,status_code}, and duration in
// nanoseconds, which is the unit Datadog expects under that name.
func HTTPRequest(method, url string, status int, took time.Duration) []slog.Attr {
	return []slog.Attr{
		slog.Group("http",
			slog.String("method", method),
			slog.String("url", url),
			slog.Int("status_code", status),
		),
		slog.Int64("duration", took.Nanoseconds()),
	}
}

// Err is the attribute of an error; it is written as error{message,kind}. A nil error gives no attribute.
func Err(err error) slog.Attr {
	if err == nil {
		return slog.Attr{}
	}
	return slog.Any("error", err)
}
