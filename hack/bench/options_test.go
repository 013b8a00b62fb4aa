package main

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestOptions(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", "/home/somebody/cache")
	o, err := parse(nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if o.rounds != 3 || o.validators != 4 || o.duration != time.Minute || o.warmup != 10*time.Second || o.idle != 200 || !slices.Equal(o.systems, []string{"posnet", "cometbft"}) {
		t.Errorf("without flags: %+v", o)
	}
	if want := filepath.FromSlash("/home/somebody/cache/posnet/bench"); o.dir != want {
		t.Errorf("the directory is %s, want %s", o.dir, want)
	}
	o, err = parse([]string{"--quick", "--rounds", "2", "--only", "cometbft-default,posnet"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if o.rounds != 2 || o.duration != 10*time.Second || !slices.Equal(o.systems, []string{"cometbft-default", "posnet"}) {
		t.Errorf("quick, but with what was given: %+v", o)
	}
}

func TestACurveHasItsOwnMeasure(t *testing.T) {
	t.Parallel()
	o, err := parse([]string{"--curve", "4,7", "--quick", "--idle", "7"}, io.Discard)
	if err != nil || !slices.Equal(o.curve, []int{4, 7}) || o.idle != 7 || o.duration != 5*time.Second || o.limit != quickCurveLimit {
		t.Errorf("%+v (%v)", o, err)
	}
	if o, err = parse([]string{"--curve", "25"}, io.Discard); err != nil || o.limit != curveLimit || o.idle != 50 {
		t.Errorf("%+v (%v)", o, err)
	}
}

func TestMoreNodesGetSmallerBlocks(t *testing.T) {
	t.Parallel()
	for validators, want := range map[int]int{1: 10_000, 4: 10_000, 8: 5_000, 25: 1_600, 32: 1_250} {
		if got := underWay(10_000, validators); got != want {
			t.Errorf("%d under way with %d validators, want %d", got, validators, want)
		}
	}
	if got := underWay(500, 32); got != 250 {
		t.Errorf("%d under way, want a batch at least", got)
	}
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ says, args string }{
		{"--rounds 0", "--rounds 0"},
		{"--validators 33", "--validators 33"},
		{"negative", "--rate -1"},
		{"a second or more", "--duration 10ms"},
		{"choose from", "--only tendermint"},
		{"twice", "--only posnet,posnet"},
		{"--in-flight 10", "--in-flight 10"},
		{"--curve", "--curve 4,33"},
		{"no flag", "posnet"},
		{"not defined", "--fast"},
	} {
		if _, err := parse(strings.Fields(c.args), io.Discard); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want an error that says %q", c.args, err, c.says)
		}
	}
	var help bytes.Buffer
	if _, err := parse([]string{"--help"}, &help); !errors.Is(err, flag.ErrHelp) || !strings.Contains(help.String(), "-validators") {
		t.Errorf("--help: %v and\n%s", err, help.String())
	}
}

func TestSystemsTakeTurns(t *testing.T) {
	t.Parallel()
	want := []turn{{1, "a"}, {1, "b"}, {2, "a"}, {2, "b"}, {3, "a"}, {3, "b"}}
	if got := plan(3, []string{"a", "b"}); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestProgressIsOneLineOnATerminalAndSeldomInAFile(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	p := &progress{out: &b, prefix: "1/3: "}
	for range 100 {
		p.tell("working")
	}
	p.note("done")
	p.clear()
	if got, want := b.String(), "1/3: working\n1/3: done\n"; got != want {
		t.Errorf("into a file %q, want %q", got, want)
	}
	b.Reset()
	p.live = true
	p.tell("a")
	p.tell("b")
	p.clear()
	if got := b.String(); strings.Contains(got, "\n") || strings.Count(got, "\r\x1b[K") != 3 {
		t.Errorf("on a terminal %q, want one line that is replaced", got)
	}
}
