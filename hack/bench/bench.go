package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/posnet/posnet/hack/bench/internal/comet"
	"github.com/posnet/posnet/hack/bench/internal/figure"
	"github.com/posnet/posnet/hack/bench/internal/posnet"
	"github.com/posnet/posnet/hack/bench/internal/proc"
	"github.com/posnet/posnet/hack/bench/internal/round"
)

// bench measures what the options ask for.
type bench struct {
	*options
	tell *progress
	// Below the directory: programs that are built, records and logs of processes,
	// and the data of the network that runs now.
	bin, records, data string
	programs           map[string]program
}

// run measures all turns. What was measured until an error comes is returned
// with it.
func (b *bench) run(ctx context.Context) (*figure.Report, error) {
	r := &figure.Report{
		Machine:  figure.Machine{CPU: proc.CPUModel(), Cores: runtime.NumCPU()},
		Setting:  figure.Setting{Validators: b.validators, Rounds: b.rounds, Seconds: b.duration.Seconds(), Rate: b.rate},
		Systems:  b.systems,
		Versions: map[string]string{},
	}
	lock, err := b.open(r)
	if err != nil {
		return r, err
	}
	defer lock.Close()
	if err := b.build(ctx, r); err != nil {
		return r, err
	}
	for _, t := range plan(b.rounds, b.systems) {
		b.tell.prefix = fmt.Sprintf("%d/%d %s: ", t.round, b.rounds, t.system)
		one, err := b.turn(ctx, t)
		if err != nil {
			return r, fmt.Errorf("round %d of %s: %w (logs in %s)", t.round, t.system, err, b.records)
		}
		r.Runs = append(r.Runs, one)
		b.tell.note(fmt.Sprintf("%.0f final a second, p50 %.0f ms, one at a time %.1f ms", one.Peak.TxPerSecond(), one.Peak.P50, one.IdleP50))
	}
	b.tell.prefix = ""
	return r, nil
}

// open makes the directories, takes them for this process alone, and removes
// what an earlier run left there.
func (b *bench) open(r *figure.Report) (*os.File, error) {
	b.bin, b.records, b.data = filepath.Join(b.dir, "bin"), filepath.Join(b.dir, "run"), filepath.Join(b.dir, "data")
	for _, dir := range []string{b.bin, b.records} {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return nil, fmt.Errorf("make the benchmark's directory: %w", err)
		}
	}
	var err error
	if r.Machine.Filesystem, err = proc.Filesystem(b.dir); err != nil {
		return nil, err
	}
	lock, err := proc.Lock(b.dir)
	if err != nil {
		return nil, err
	}
	ended, err := proc.Clean(b.records)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if ended > 0 {
		b.tell.note(fmt.Sprintf("ended %d processes that an earlier run left", ended))
	}
	logs, _ := filepath.Glob(filepath.Join(b.records, "*.log"))
	for _, f := range logs {
		err = errors.Join(err, os.Remove(f))
	}
	if err := errors.Join(err, os.RemoveAll(b.data)); err != nil {
		return nil, errors.Join(fmt.Errorf("remove what an earlier run left: %w", err), lock.Close())
	}
	return lock, nil
}

// build makes the programs.
func (b *bench) build(ctx context.Context, r *figure.Report) error {
	m, err := findModules()
	if err != nil {
		return err
	}
	b.programs = map[string]program{}
	var c program
	if slices.ContainsFunc(b.systems, func(s string) bool { return s != posnetName }) {
		if c, err = buildComet(ctx, m, b.bin, b.tell.tell); err != nil {
			return err
		}
	}
	for _, s := range b.systems {
		if s != posnetName {
			b.programs[s] = c
			continue
		}
		if b.posnet == "" {
			b.tell.tell("building posnet")
		}
		if b.programs[s], err = buildPosnet(ctx, m, b.bin, b.posnet); err != nil {
			return err
		}
	}
	for _, s := range b.systems {
		r.Versions[s] = b.programs[s].version
	}
	return nil
}

// setup makes the directory of one network; done removes it.
func (b *bench) setup(system string, validators int) (s round.Setup, done func() error, err error) {
	if err := os.Mkdir(b.data, 0o700); err != nil {
		return s, nil, err
	}
	return round.Setup{
		Exe: b.programs[system].exe, Dir: b.data, Records: b.records, Validators: validators, Idle: b.idle,
		Warmup: b.warmup, Duration: b.duration, Rate: b.rate, InFlight: b.inFlight, Tell: b.tell.tell,
	}, func() error { return os.RemoveAll(b.data) }, nil
}

// turn measures one system once, and removes its data.
func (b *bench) turn(ctx context.Context, t turn) (r figure.Run, err error) {
	s, done, err := b.setup(t.system, b.validators)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, done()) }()
	switch t.system {
	case cometName:
		return comet.Run(ctx, s, comet.Tuned)
	case cometDefaultName:
		return comet.Run(ctx, s, comet.Default)
	default:
		return posnet.Run(ctx, s)
	}
}
