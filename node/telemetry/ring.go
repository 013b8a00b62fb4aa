package telemetry

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
)

// Bounds of a ring whose size was left open.
const (
	defaultRingEntries = 4096
	defaultRingBytes   = 1 << 20
)

// Ring keeps the newest log lines in memory, bounded in lines and in bytes, so that a pod whose log shipping is broken can
// still be asked what it said. It is safe for use by many goroutines.
type Ring struct {
	mu      sync.Mutex
	entries []ringEntry // a circle: the oldest is at first
	first   int
	count   int
	size    int // bytes of the lines held
	maxSize int
	encoded bytes.Buffer // where the JSON handler writes one line, under mu
}

type ringEntry struct {
	level slog.Level
	line  []byte // with its newline
}

// NewRing makes a ring of at most that many lines and bytes; zero or less means 4096 lines and 1 MiB.
func NewRing(entries, size int) *Ring {
	if entries <= 0 {
		entries = defaultRingEntries
	}
	if size <= 0 {
		size = defaultRingBytes
	}
	return &Ring{entries: make([]ringEntry, entries), maxSize: size}
}

// add keeps a line and drops the oldest ones until the bounds hold. A line above the ring's whole size is not kept.
func (r *Ring) add(level slog.Level, line []byte) {
	if len(line) > r.maxSize {
		return
	}
	for r.count > 0 && (r.count == len(r.entries) || r.size+len(line) > r.maxSize) {
		r.size -= len(r.entries[r.first].line)
		r.entries[r.first] = ringEntry{}
		r.first = (r.first + 1) % len(r.entries)
		r.count--
	}
	r.entries[(r.first+r.count)%len(r.entries)] = ringEntry{level: level, line: bytes.Clone(line)}
	r.count++
	r.size += len(line)
}

// Lines returns the newest lines of at least that level, oldest first, at most limit of them (all, if limit is 0). The
// slices must not be changed.
func (r *Ring) Lines(least slog.Level, limit int) [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	var newestFirst [][]byte
	for i := r.count - 1; i >= 0 && (limit <= 0 || len(newestFirst) < limit); i-- {
		e := r.entries[(r.first+i)%len(r.entries)]
		if e.level >= least {
			newestFirst = append(newestFirst, e.line)
		}
	}
	for i, j := 0, len(newestFirst)-1; i < j; i, j = i+1, j-1 {
		newestFirst[i], newestFirst[j] = newestFirst[j], newestFirst[i]
	}
	return newestFirst
}

// ServeHTTP answers GET /logs?level=warn&limit=100: newline-delimited JSON, oldest first. level is the least severe one
// wanted (debug, if left out); limit counts from the newest line (no limit, if left out).
func (r *Ring) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	least, limit := slog.Level(-128), 0
	q := req.URL.Query()
	if s := q.Get("level"); s != "" {
		level, err := ParseLevel(s)
		if err != nil {
			writeProblem(w, http.StatusBadRequest, "bad_level", err.Error())
			return
		}
		least = level
	}
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			writeProblem(w, http.StatusBadRequest, "bad_limit", "limit: want a whole number of lines, 1 or more")
			return
		}
		limit = n
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	for _, line := range r.Lines(least, limit) {
		if _, err := w.Write(line); err != nil {
			return // the reader has gone
		}
	}
}

// handler is the sink of the pipeline that fills the ring.
func (r *Ring) handler(level slog.Leveler, identity []slog.Attr) slog.Handler {
	return ringHandler{ring: r, json: newJSONHandler(io.Writer(&r.encoded), level, identity)}
}

type ringHandler struct {
	ring *Ring
	json slog.Handler
}

func (h ringHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.json.Enabled(ctx, level)
}

func (h ringHandler) Handle(ctx context.Context, rec slog.Record) error {
	h.ring.mu.Lock()
	defer h.ring.mu.Unlock()
	h.ring.encoded.Reset()
	if err := h.json.Handle(ctx, rec); err != nil {
		return err
	}
	h.ring.add(rec.Level, h.ring.encoded.Bytes())
	return nil
}

func (h ringHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return ringHandler{ring: h.ring, json: h.json.WithAttrs(attrs)}
}

func (h ringHandler) WithGroup(name string) slog.Handler {
	return ringHandler{ring: h.ring, json: h.json.WithGroup(name)}
}
