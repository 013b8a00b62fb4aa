package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// memory watches what nodes hold resident, all together, once a second: by their metrics or, on the same machine, by their
// process ids. With neither it sees nothing.
type memory struct {
	metrics []string
	pids    []int
	http    *http.Client

	mu   sync.Mutex
	seen []resident
	err  error // of the last look
}

type resident struct {
	at    time.Time
	bytes float64
}

func newMemory(metrics []string, pids []int) *memory {
	m := &memory{pids: pids, http: &http.Client{Timeout: 5 * time.Second}}
	for _, u := range metrics {
		if !strings.Contains(u, "://") {
			u = "http://" + u
		}
		m.metrics = append(m.metrics, strings.TrimSuffix(strings.TrimRight(u, "/"), "/metrics")+"/metrics")
	}
	return m
}

func (m *memory) watches() bool { return len(m.metrics)+len(m.pids) > 0 }

// check looks at each once, so that a wrong one is known before anything is measured.
func (m *memory) check(ctx context.Context) error {
	var errs []error
	metrics, pids := map[string]bool{}, map[int]bool{}
	for _, u := range m.metrics {
		if _, err := m.scrape(ctx, u); err != nil {
			errs = append(errs, errors.New("--metrics "+u+": "+err.Error())) // not wrapped: it is no target, for which there is other advice
		} else if metrics[u] {
			errs = append(errs, fmt.Errorf("--metrics names %s twice: its memory would count double", u))
		}
		metrics[u] = true
	}
	for _, pid := range m.pids {
		if pid < 1 {
			errs = append(errs, fmt.Errorf("--pid %d: processes are numbered from 1", pid))
		} else if _, err := residentOf(pid); err != nil {
			errs = append(errs, fmt.Errorf("--pid %d: %w", pid, err))
		} else if pids[pid] {
			errs = append(errs, fmt.Errorf("--pid names %d twice: its memory would count double", pid))
		}
		pids[pid] = true
	}
	if len(metrics) > 0 && len(pids) > 0 {
		errs = append(errs, errors.New("--metrics and --pid exclude each other: the same nodes would count twice"))
	}
	return errors.Join(errs...)
}

// run looks until ctx ends.
func (m *memory) run(ctx context.Context) {
	defer m.http.CloseIdleConnections()
	for m.watches() && ctx.Err() == nil {
		m.note(ctx, time.Time{})
		sleep(ctx, time.Second)
	}
}

// note looks once, for a time; zero: now.
func (m *memory) note(ctx context.Context, at time.Time) {
	if !m.watches() {
		return
	}
	sum, err := m.look(ctx)
	if at.IsZero() {
		at = time.Now()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err = err; err == nil {
		m.seen = append(m.seen, resident{at, sum})
	}
}

// look sums up all nodes. One that cannot be seen makes the sum worthless.
func (m *memory) look(ctx context.Context) (sum float64, err error) {
	for _, u := range m.metrics {
		bytes, err := m.scrape(ctx, u)
		if err != nil {
			return 0, err
		}
		sum += bytes
	}
	for _, pid := range m.pids {
		bytes, err := residentOf(pid)
		if err != nil {
			return 0, err
		}
		sum += bytes
	}
	return sum, nil
}

const residentMetric = "process_resident_memory_bytes"

func (m *memory) scrape(ctx context.Context, u string) (float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return 0, fmt.Errorf("read metrics: %w", err)
	}
	res, err := m.http.Do(req)
	if err != nil {
		return 0, fmt.Errorf("read metrics: %w", err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(io.LimitReader(res.Body, 4<<20))
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), residentMetric+" "); ok {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("%s answers %s without %s: is it a node's private port?", u, res.Status, residentMetric)
}

// residentOf reads the second field of statm: resident pages. See proc_pid_statm(5).
func residentOf(pid int) (float64, error) {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "statm"))
	if err != nil {
		return 0, fmt.Errorf("read the memory of process %d: %w", pid, err)
	}
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return 0, fmt.Errorf("read the memory of process %d: %q", pid, b)
	}
	pages, err := strconv.ParseUint(fields[1], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read the memory of process %d: %w", pid, err)
	}
	return float64(pages) * float64(os.Getpagesize()), nil
}

// most and last are of the samples between two times; nil if there is none.
func (m *memory) most(from, to time.Time) *float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	var most *float64
	for _, s := range m.seen {
		if !s.at.Before(from) && !s.at.After(to) && (most == nil || s.bytes > *most) {
			most = &s.bytes
		}
	}
	return most
}

func (m *memory) last(from, to time.Time) *float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	var last *resident
	for i, s := range m.seen {
		if !s.at.Before(from) && !s.at.After(to) && (last == nil || s.at.After(last.at)) {
			last = &m.seen[i]
		}
	}
	if last == nil {
		return nil
	}
	return &last.bytes
}
