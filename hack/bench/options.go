package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// options are what the command line says.
type options struct {
	rounds     int
	validators int
	rate       int
	inFlight   int
	idle       int
	warmup     time.Duration
	duration   time.Duration
	systems    []string
	dir        string
	posnet     string
	curve      []int // sizes of the curve; none: the comparison
	limit      time.Duration
}

// systems that can be measured; the first two are by default.
const (
	posnetName       = "posnet"
	cometName        = "cometbft"
	cometDefaultName = "cometbft-default"
)

const maxValidators = 32

// parse reads the command line. It returns flag.ErrHelp after --help.
func parse(args []string, out io.Writer) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(out)
	f.Usage = func() {
		fmt.Fprint(out, `Compare posnet with CometBFT on this machine, in turn, under the same load.

usage: go run . [flags]                  (in hack/bench)

A progress line goes to the standard error output; the table and, last, one JSON line go to the standard output.
Ctrl-C ends the run and takes everything away.

`)
		f.PrintDefaults()
	}
	var only string
	var quick bool
	var curve string
	f.IntVar(&o.rounds, "rounds", 3, "how often each system is measured; they take turns")
	f.IntVar(&o.validators, "validators", 4, "how many validators each network has")
	f.IntVar(&o.rate, "rate", 0, "transactions offered a second at the peak; 0: as many as are taken")
	f.IntVar(&o.inFlight, "in-flight", 10_000, "most transactions under way at the peak: sent, and not yet seen in a block; the same for each system")
	f.IntVar(&o.idle, "idle", 200, "how many transactions to send one at a time")
	f.DurationVar(&o.warmup, "warmup", 10*time.Second, "how long the load runs before it is measured")
	f.DurationVar(&o.duration, "duration", time.Minute, "how long it is measured")
	f.StringVar(&only, "only", "", "measure only `SYSTEM`: posnet, cometbft or cometbft-default (or several, with commas)")
	f.StringVar(&o.dir, "dir", "", "`directory` for programs and networks, on a disk (default $XDG_CACHE_HOME/posnet/bench, or ~/.cache/posnet/bench)")
	f.StringVar(&o.posnet, "posnet", "", "posnet `program` to measure (default: built from this tree)")
	f.StringVar(&curve, "curve", "", "instead of comparing, measure posnet with these `numbers` of validators, such as 4,7,13,25")
	f.BoolVar(&quick, "quick", false, "a first look: one round, 10 s after 3 s, 50 one at a time")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("%q is no flag", f.Arg(0))
	}
	if curve != "" {
		if err := o.setCurve(curve, given(f), quick); err != nil {
			return nil, err
		}
		quick = false
	}
	if quick {
		o.quick(given(f))
	}
	o.systems = []string{posnetName, cometName}
	if only != "" {
		o.systems = strings.Split(only, ",")
	}
	return o, o.check()
}

// given are the flags on the command line.
func given(f *flag.FlagSet) map[string]bool {
	out := map[string]bool{}
	f.Visit(func(f *flag.Flag) { out[f.Name] = true })
	return out
}

// quick sets what was not given on the command line.
func (o *options) quick(given map[string]bool) {
	if !given["rounds"] {
		o.rounds = 1
	}
	if !given["warmup"] {
		o.warmup = 3 * time.Second
	}
	if !given["duration"] {
		o.duration = 10 * time.Second
	}
	if !given["idle"] {
		o.idle = 50
	}
}

func (o *options) check() error {
	switch {
	case o.rounds < 1 || o.rounds > 100:
		return fmt.Errorf("--rounds %d: from 1 to 100", o.rounds)
	case o.validators < 1 || o.validators > maxValidators:
		return fmt.Errorf("--validators %d: from 1 to %d", o.validators, maxValidators)
	case o.rate < 0 || o.idle < 0:
		return errors.New("--rate and --idle must not be negative")
	case o.inFlight < 250 || o.inFlight > 1_000_000:
		return fmt.Errorf("--in-flight %d: from 250, a batch, to 1000000", o.inFlight)
	case o.warmup < 0 || o.duration < time.Second:
		return errors.New("--warmup must not be negative, and --duration must be a second or more")
	}
	known := []string{posnetName, cometName, cometDefaultName}
	for i, s := range o.systems {
		if !slices.Contains(known, s) {
			return fmt.Errorf("--only %q: choose from %s", s, strings.Join(known, ", "))
		}
		if slices.Contains(o.systems[:i], s) {
			return fmt.Errorf("--only names %s twice", s)
		}
	}
	if o.dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return fmt.Errorf("find the cache directory, or give --dir: %w", err)
		}
		o.dir = filepath.Join(cache, "posnet", "bench")
	}
	var err error
	if o.dir, err = filepath.Abs(o.dir); err != nil {
		return err
	}
	if o.posnet != "" {
		o.posnet, err = filepath.Abs(o.posnet)
	}
	return err
}
