package telemetry

import (
	"bytes"
	"context"
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
)

// cleanHandler is the first stage of the pipeline: it takes secrets out of a record, brings errors into one shape, moves
// attributes away from the reserved keys and adds what the context carries.
type cleanHandler struct {
	next    slog.Handler
	grouped bool // a group is open: keys are no longer at the top of the line
}

func newCleanHandler(next slog.Handler) slog.Handler { return &cleanHandler{next: next} }

func (h *cleanHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h *cleanHandler) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, r.Level, redactText(r.Message), r.PC)
	for _, a := range contextAttrs(ctx) {
		out.AddAttrs(h.clean(a))
	}
	r.Attrs(func(a slog.Attr) bool {
		out.AddAttrs(h.clean(a))
		return true
	})
	return h.next.Handle(ctx, out)
}

func (h *cleanHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = h.clean(a)
	}
	return &cleanHandler{next: h.next.WithAttrs(clean), grouped: h.grouped}
}

func (h *cleanHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	// A group named "secret" hides nothing by itself: slog gives no way to blank what is added later, so what is in it is
	// judged by its own keys.
	return &cleanHandler{next: h.next.WithGroup(name), grouped: true}
}

func (h *cleanHandler) clean(a slog.Attr) slog.Attr {
	a = cleanAttr(a)
	if !h.grouped && reservedKeys[a.Key] {
		a.Key = reservedPrefix + a.Key
	}
	return a
}

// cleanAttr redacts one attribute, however deep it is nested.
func cleanAttr(a slog.Attr) slog.Attr {
	a.Value = a.Value.Resolve()
	if a.Value.Kind() == slog.KindGroup {
		return slog.Attr{Key: a.Key, Value: cleanGroup(a.Key, a.Value.Group())}
	}
	if isSecretKey(a.Key) {
		return slog.String(a.Key, redacted)
	}
	switch a.Value.Kind() {
	case slog.KindString:
		return slog.String(a.Key, redactText(a.Value.String()))
	case slog.KindAny:
		return slog.Attr{Key: errorKey(a), Value: cleanAny(a.Value.Any())}
	default: // numbers, booleans, times and durations hold no secret
		return a
	}
}

func cleanGroup(key string, attrs []slog.Attr) slog.Value {
	if isSecretKey(key) {
		return slog.StringValue(redacted)
	}
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = cleanAttr(a)
	}
	return slog.GroupValue(clean...)
}

// errorKey gives an error logged as "err", the habit of controller-runtime and half of the field, its one name here.
func errorKey(a slog.Attr) string {
	if _, ok := a.Value.Any().(error); ok && a.Key == "err" {
		return "error"
	}
	return a.Key
}

// cleanAny turns a value of any type into one in which every string has been seen. It goes through JSON, which is what the
// output would make of it anyway, so that a struct's fields are judged by the names a reader would see.
func cleanAny(v any) slog.Value {
	switch t := v.(type) {
	case nil:
		return slog.AnyValue(nil)
	case error:
		return slog.GroupValue(
			slog.String("message", redactText(t.Error())),
			slog.String("kind", fmt.Sprintf("%T", t)),
		)
	case []byte: // as base64 nobody could see what it is, and a key is bytes more often than not
		return slog.StringValue(fmt.Sprintf("%d bytes", len(t)))
	case json.Marshaler, encoding.TextMarshaler:
	case fmt.Stringer:
		return slog.StringValue(redactText(t.String()))
	}
	encoded, err := json.Marshal(v)
	if err != nil {
		return slog.StringValue(redactText(fmt.Sprintf("%+v", v)))
	}
	dec := json.NewDecoder(bytes.NewReader(encoded))
	dec.UseNumber() // a uint64 amount must not pass through a float
	var tree any
	if err := dec.Decode(&tree); err != nil {
		return slog.StringValue(redactText(fmt.Sprintf("%+v", v)))
	}
	tree = cleanTree(tree)
	if s, ok := tree.(string); ok {
		return slog.StringValue(s)
	}
	return slog.AnyValue(tree)
}

func cleanTree(v any) any {
	switch t := v.(type) {
	case string:
		return redactText(t)
	case []any:
		for i := range t {
			t[i] = cleanTree(t[i])
		}
	case map[string]any:
		for k := range t {
			if isSecretKey(k) {
				t[k] = redacted
			} else {
				t[k] = cleanTree(t[k])
			}
		}
	}
	return v
}
