package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"time"
)

type options struct {
	run, area               string
	list, json, table, loud bool
	jobs, worlds            int
}

func main() { os.Exit(run()) }

// run is the program; what it returns is the exit code.
func run() int {
	var o options
	flag.StringVar(&o.run, "run", "", "plant only mutants whose id matches this `regexp`")
	flag.StringVar(&o.area, "area", "", "plant only mutants of this `area`")
	flag.BoolVar(&o.list, "list", false, "list the mutants and plant none")
	flag.BoolVar(&o.json, "json", false, "write the results as JSON to stdout, progress to stderr")
	flag.BoolVar(&o.table, "table", false, "write "+document+" from the results; rows that were not run stay")
	flag.BoolVar(&o.loud, "v", false, "show the output of the test that noticed, or of the last that did not")
	flag.IntVar(&o.jobs, "jobs", 1, "mutants tried at the same time")
	flag.IntVar(&o.worlds, "sim", 0, "let so many simulated worlds judge, instead of tests")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "mutants: %q means nothing here; to plant one mutant: -run '^%s$'\n", flag.Arg(0), flag.Arg(0))
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ok, err := execute(ctx, o, os.Stdout, os.Stderr)
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "interrupted")
		return 130
	case err != nil:
		fmt.Fprintln(os.Stderr, "mutants:", err)
		return 2
	case !ok:
		return 1
	}
	return 0
}

// execute does what the options ask, and reports whether every mutant that was planted was killed.
func execute(ctx context.Context, o options, out, progress io.Writer) (bool, error) {
	chosen, err := choose(o)
	if err != nil {
		return false, err
	}
	if o.list {
		for _, m := range chosen {
			fmt.Fprintf(out, "%-22s %-44s %s\n", m.Area, m.ID, m.Bug)
		}
		return true, nil
	}
	root, err := moduleRoot()
	if err != nil {
		return false, err
	}
	known, err := killers(root)
	if err != nil {
		return false, err
	}
	dir, err := os.MkdirTemp("", "posnet-mutants-")
	if err != nil {
		return false, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if !o.json {
		progress = out
	}
	start := time.Now()
	h := &hunt{root: root, dir: dir, known: known, clean: map[string]func() error{}, simulated: o.worlds}
	if o.worlds > 0 && o.table {
		return false, errors.New("-sim and -table exclude each other: the document is about tests")
	}
	results := h.all(ctx, chosen, max(o.jobs, 1), func(n int, r *Result) {
		line(progress, n, len(chosen), r)
		if o.loud {
			fmt.Fprintln(progress, r.output)
		}
	})
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	seconds := time.Since(start).Seconds()
	text, ok := summary(results, seconds)
	if o.json {
		err = writeJSON(out, results, seconds)
	} else {
		fmt.Fprintln(out, text)
	}
	if o.table {
		err = errors.Join(err, describe(root, results, known))
	}
	return ok, err
}

// all tries mutants, some at a time, and tells of each as it is done. Results come in the order of the mutants.
func (h *hunt) all(ctx context.Context, ms []*Mutant, jobs int, tell func(n int, r *Result)) []Result {
	results := make([]Result, len(ms))
	next := make(chan int)
	var mu sync.Mutex
	var wg sync.WaitGroup
	done := 0
	for range jobs {
		wg.Go(func() {
			for i := range next {
				if h.simulated > 0 {
					results[i] = h.simulate(ctx, ms[i], h.simulated)
				} else {
					results[i] = h.try(ctx, ms[i])
				}
				if ctx.Err() != nil {
					continue // what an interrupted run says is worth nothing
				}
				mu.Lock()
				done++
				tell(done, &results[i])
				mu.Unlock()
			}
		})
	}
	for i := range ms {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	wg.Wait()
	return results
}

func choose(o options) ([]*Mutant, error) {
	pattern, err := regexp.Compile(o.run)
	if err != nil {
		return nil, fmt.Errorf("-run: %w", err)
	}
	var out []*Mutant
	for i := range table {
		if m := &table[i]; pattern.MatchString(m.ID) && (o.area == "" || o.area == m.Area) {
			out = append(out, m)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("no mutant is called so; -list shows them all")
	}
	return out, nil
}

// moduleRoot is the directory with go.mod, here or above.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod here or above: run it within the tree of posnet")
		}
	}
}
