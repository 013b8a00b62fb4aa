package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// simulate plants one mutant and lets simulated worlds judge it instead of tests: seeds 1 to worlds of all profiles. It
// answers whether the simulator by itself would have noticed, without a test that was written for the rule.
func (h *hunt) simulate(ctx context.Context, m *Mutant, worlds int) Result {
	start := time.Now()
	r := Result{ID: m.ID, Area: m.Area, Bug: m.Bug, File: m.File, Outcome: survived}
	if err := h.worlds(ctx, m, worlds, &r); err != nil {
		r.Outcome, r.Detail = broken, err.Error()
	}
	r.Seconds = time.Since(start).Seconds()
	return r
}

func (h *hunt) worlds(ctx context.Context, m *Mutant, worlds int, r *Result) error {
	overlay, err := h.plant(m)
	if err != nil {
		return err
	}
	program := filepath.Join(filepath.Dir(overlay), "posnet")
	build := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "-o", program, "./cmd/posnet")
	build.Dir = h.root
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("it does not compile: %w\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	run := exec.CommandContext(ctx, program, "sim", "--profile", "all", "--seeds", strconv.Itoa(worlds), "--output", "json")
	run.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var out, said bytes.Buffer
	run.Stdout, run.Stderr = &out, &said
	failed := run.Run() // a broken promise ends it with 1, a crash of the program with 2
	r.output = said.String()
	var seen struct {
		Failed []struct {
			Seed       uint64
			Profile    string
			Violations []string
		}
	}
	switch err := json.Unmarshal(out.Bytes(), &seen); {
	case err != nil && failed != nil:
		r.Outcome, r.Test = killed, "it crashes: "+firstLine(said.String())
	case err != nil:
		return fmt.Errorf("read what the simulator said: %w", err)
	case len(seen.Failed) > 0:
		f := seen.Failed[0]
		r.Outcome, r.Test = killed, fmt.Sprintf("%d of %d worlds, first seed %d (%s): %s", len(seen.Failed), worlds, f.Seed, f.Profile, firstLine(f.Violations[0]))
	}
	return nil
}

func firstLine(s string) string {
	line, _, _ := bytes.Cut([]byte(s), []byte("\n"))
	return string(line[:min(len(line), 160)])
}
