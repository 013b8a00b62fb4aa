package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// The outcomes of a mutant.
const (
	killed   = "killed"
	survived = "survived"
	broken   = "error" // of the table, or of the run: says nothing about the tests
)

// Result is what became of a mutant.
type Result struct {
	ID      string  `json:"id"`
	Area    string  `json:"area"`
	Bug     string  `json:"bug"`
	File    string  `json:"file"`
	Outcome string  `json:"outcome"`           // killed, survived or error
	Package string  `json:"package,omitempty"` // whose test noticed
	Test    string  `json:"test,omitempty"`
	Detail  string  `json:"detail,omitempty"` // why it is an error
	Seconds float64 `json:"seconds"`

	output string
}

// killer is the test that noticed a mutant.
type killer struct{ pkg, test string }

// hunt plants mutants and runs tests. It may be used from several goroutines.
type hunt struct {
	root  string            // of the module
	dir   string            // for overlays; the caller removes it
	known map[string]killer // by id: who noticed last time

	simulated int // worlds that judge instead of tests; 0: tests do

	mu    sync.Mutex
	clean map[string]func() error // by package: whether its tests pass without a bug, asked once
}

// try plants one mutant and lets the packages judge it.
func (h *hunt) try(ctx context.Context, m *Mutant) Result {
	start := time.Now()
	r := Result{ID: m.ID, Area: m.Area, Bug: m.Bug, File: m.File}
	if err := h.judge(ctx, m, &r); err != nil {
		r.Outcome, r.Detail = broken, err.Error()
	}
	r.Seconds = time.Since(start).Seconds()
	return r
}

func (h *hunt) judge(ctx context.Context, m *Mutant, r *Result) error {
	overlay, err := h.plant(m)
	if err != nil {
		return err
	}
	if k, ok := h.known[m.ID]; ok && k.test != "" {
		if done, err := h.ask(ctx, m, r, overlay, k.pkg, "-run", exactly(k.test)); done || err != nil {
			return err
		}
	}
	for _, pkg := range m.judges() {
		if done, err := h.ask(ctx, m, r, overlay, pkg); done || err != nil {
			return err
		}
	}
	r.Outcome = survived
	return nil
}

// ask runs tests of one package on a mutant and reports whether they noticed.
func (h *hunt) ask(ctx context.Context, m *Mutant, r *Result, overlay, pkg string, flags ...string) (bool, error) {
	if err := h.green(ctx, pkg); err != nil {
		return false, err
	}
	timeout := limit
	if m.Hang {
		timeout = hangLimit
	}
	v, err := goTest(ctx, h.root, pkg, timeout, append(flags, "-overlay", overlay)...)
	r.output = v.output
	switch {
	case err != nil:
		return false, err
	case v.passed:
		return false, nil
	case !v.built:
		return false, fmt.Errorf("it does not compile:\n%s", v.output)
	case v.timeout && !m.Hang:
		return false, fmt.Errorf("%s: the tests did not end within %s, and it is not marked as one that hangs", pkg, timeout)
	case len(v.failed) == 0 && !v.timeout && !v.crashed:
		return false, fmt.Errorf("%s: the run failed, and no test did:\n%s", pkg, v.output)
	}
	r.Outcome, r.Package = killed, pkg
	r.Test, err = telling(h.root, pkg, v.failed)
	return true, err
}

// green makes sure that the tests of a package pass without a bug: else a kill would mean nothing.
func (h *hunt) green(ctx context.Context, pkg string) error {
	h.mu.Lock()
	ask := h.clean[pkg]
	if ask == nil {
		ask = sync.OnceValue(func() error {
			v, err := goTest(ctx, h.root, pkg, limit)
			if err == nil && !v.passed {
				err = fmt.Errorf("the tests of %s fail without any bug planted, so they cannot judge one: %v", pkg, v.failed)
			}
			return err
		})
		h.clean[pkg] = ask
	}
	h.mu.Unlock()
	return ask()
}

// plant writes the mutated file and an overlay that puts it in the place of the real one.
func (h *hunt) plant(m *Mutant) (overlay string, err error) {
	text, err := m.mutated(h.root)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(h.dir, m.ID)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	file := filepath.Join(dir, filepath.Base(m.File))
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return "", err
	}
	replace := map[string]map[string]string{"Replace": {filepath.Join(h.root, filepath.FromSlash(m.File)): file}}
	b, err := json.Marshal(replace)
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, b, 0o600)
}

// exactly is the -run pattern of one test.
func exactly(test string) string {
	parts := strings.Split(test, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}
