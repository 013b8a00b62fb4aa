package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/go-logr/logr"
	slogmulti "github.com/samber/slog-multi"
)

// Format is how log lines are written to the output.
type Format string

const (
	// FormatJSON is one JSON object a line, with Datadog's reserved keys.
	FormatJSON Format = "json"
	// FormatText is slog's key=value text, for a person at a terminal; service, host and dd.* are left out.
	FormatText Format = "text"
	// FormatAuto is text when the output is a terminal, else JSON.
	FormatAuto Format = "auto"
)

// ParseFormat reads the value of a --log-format flag; the empty string means auto.
func ParseFormat(s string) (Format, error) {
	switch f := Format(strings.ToLower(s)); f {
	case FormatJSON, FormatText, FormatAuto:
		return f, nil
	case "":
		return FormatAuto, nil
	default:
		return "", fmt.Errorf("log format %q: want json, text or auto", s)
	}
}

// ParseLevel reads the value of a --log-level flag or of a ?level= query: debug, info, warn or error.
func ParseLevel(s string) (slog.Level, error) {
	switch strings.ToLower(s) {
	case "debug":
		return slog.LevelDebug, nil
	case "info":
		return slog.LevelInfo, nil
	case "warn", "warning":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	default:
		return 0, fmt.Errorf("log level %q: want debug, info, warn or error", s)
	}
}

// LogOptions says where log lines go and who they come from. The zero value logs at info to stdout, as JSON unless stdout
// is a terminal.
type LogOptions struct {
	// Output receives the lines; nil means os.Stdout. Writes are serialised.
	Output io.Writer
	// Format of the lines; empty means FormatAuto.
	Format Format
	// Level is the least severe level that is logged, at first; Logging.Level changes it while running.
	Level slog.Level
	// Service names the program ("posnet", "posnet-operator"). DD_SERVICE, when set, wins: Datadog ties logs, metrics and
	// traces together by it.
	Service string
	// Host is the machine's or the pod's name; empty means os.Hostname.
	Host string
	// Getenv is where DD_ENV, DD_SERVICE and DD_VERSION are looked up; nil means os.Getenv.
	Getenv func(string) string
	// RingEntries and RingBytes bound the in-memory ring: it keeps at most that many lines and bytes, the newest ones.
	// Zero means 4096 lines and 1 MiB. More helps a post-mortem without a log store, and costs that much memory.
	RingEntries int
	RingBytes   int
}

// Logging is a running log pipeline.
type Logging struct {
	// Logger is the root logger; the caller usually also makes it slog's default.
	Logger *slog.Logger
	// Level may be set at any time, from any goroutine.
	Level *slog.LevelVar
	// Ring holds the newest lines.
	Ring *Ring
	// Messages counts lines by level; register it where the process's metrics are.
	Messages *MessageCounter
}

// NewLogging builds the pipeline.
func NewLogging(o LogOptions) *Logging {
	if o.Output == nil {
		o.Output = os.Stdout
	}
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	l := &Logging{
		Level:    new(slog.LevelVar),
		Ring:     NewRing(o.RingEntries, o.RingBytes),
		Messages: NewMessageCounter(),
	}
	l.Level.Set(o.Level)
	identity := o.identity()
	sinks := slogmulti.Fanout(
		o.outputHandler(l.Level, identity),
		l.Ring.handler(l.Level, identity),
		l.Messages,
	)
	l.Logger = slog.New(slogmulti.Pipe(newCleanHandler).Handler(levelGate{Handler: sinks, level: l.Level}))
	return l
}

// Logr is the pipeline for libraries that log through logr, such as controller-runtime. V(0) is info; V(1) and up are
// debug.
func (l *Logging) Logr() logr.Logger { return logr.FromSlogHandler(l.Logger.Handler()) }

// identity is the attributes that every JSON line carries.
func (o LogOptions) identity() []slog.Attr {
	host := o.Host
	if host == "" {
		host, _ = os.Hostname() // a nameless host is logged as "", which tells as much as the error would
	}
	service := o.Service
	if service == "" {
		service = "posnet"
	}
	if s := o.Getenv("DD_SERVICE"); s != "" {
		service = s
	}
	version := o.Getenv("DD_VERSION")
	if version == "" {
		version = Build().Version
	}
	return []slog.Attr{
		slog.String("service", service),
		slog.String("host", host),
		slog.String("dd.env", o.Getenv("DD_ENV")),
		slog.String("dd.service", service),
		slog.String("dd.version", version),
	}
}

func (o LogOptions) outputHandler(level slog.Leveler, identity []slog.Attr) slog.Handler {
	if o.Format == FormatText || (o.Format != FormatJSON && isTerminal(o.Output)) {
		return slog.NewTextHandler(o.Output, &slog.HandlerOptions{Level: level})
	}
	return newJSONHandler(o.Output, level, identity)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// levelGate is the one place that decides whether a record is made at all; a counter or a ring that accepts every level
// would otherwise make slog build records nobody wants.
type levelGate struct {
	slog.Handler
	level slog.Leveler
}

func (g levelGate) Enabled(_ context.Context, level slog.Level) bool { return level >= g.level.Level() }

func (g levelGate) WithAttrs(attrs []slog.Attr) slog.Handler {
	return levelGate{Handler: g.Handler.WithAttrs(attrs), level: g.level}
}

func (g levelGate) WithGroup(name string) slog.Handler {
	return levelGate{Handler: g.Handler.WithGroup(name), level: g.level}
}
