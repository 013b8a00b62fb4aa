package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// verdict is what one run of go test said.
type verdict struct {
	failed  []string // the failing tests, of a family only the youngest; none if the run failed outside of one
	passed  bool
	built   bool
	timeout bool
	crashed bool   // by a panic
	output  string // of the failing tests, and outside of tests
}

// event is a line of go test -json (cmd/internal/test2json, and build output since Go 1.24).
type event struct {
	Action, Package, Test, Output string
}

const (
	// limit is how long the tests of a package may take; hangLimit is that of mutants which are expected to hang.
	limit     = 10 * time.Minute
	hangLimit = 60 * time.Second
	// keptOutput is how much of a test's output is kept for people, in bytes.
	keptOutput = 4 << 10
)

// goTest runs tests of one package in root with the flags given.
func goTest(ctx context.Context, root, pkg string, timeout time.Duration, flags ...string) (verdict, error) {
	args := slices.Concat([]string{"test", "-json", "-vet=off", "-short", "-count=1", "-timeout", timeout.String()}, flags, []string{"./" + pkg})
	if random, err := randomTests(root, pkg); err != nil {
		return verdict{}, err
	} else if random != nil {
		args = append(args, "-args", "-rapid.nofailfile", "-rapid.shrinktime=0s") // a kill is no case to keep or to make small
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	// A process group of its own: an interrupt reaches the compiler and the test as well, and nothing stays behind.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		return verdict{}, err
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		return verdict{}, fmt.Errorf("start go test: %w", err)
	}
	v := read(out)
	err = cmd.Wait()
	if ctx.Err() != nil {
		return v, ctx.Err()
	}
	v.passed = err == nil
	v.output += stderr.String()
	return v, nil
}

// read makes a verdict of the events of a run.
func read(r io.Reader) verdict {
	v := verdict{built: true}
	said := map[string]string{} // by test; "": outside of any
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			e = event{Action: "output", Output: lines.Text() + "\n"}
		}
		switch e.Action {
		case "build-fail":
			v.built = false
		case "fail":
			if e.Test != "" {
				v.failed = append(v.failed, e.Test)
			}
		case "output", "build-output":
			v.timeout = v.timeout || strings.Contains(e.Output, "panic: test timed out after")
			v.crashed = v.crashed || strings.HasPrefix(e.Output, "panic:") || strings.HasPrefix(e.Output, "fatal error:")
			if room := keptOutput - len(said[e.Test]); room > 0 {
				said[e.Test] += e.Output[:min(len(e.Output), room)]
			}
		}
	}
	for _, t := range append(v.failed, "") {
		v.output += said[t]
	}
	// The parent of a failing subtest fails too, and says less.
	all := slices.Clone(v.failed)
	v.failed = slices.DeleteFunc(v.failed, func(t string) bool {
		return slices.ContainsFunc(all, func(o string) bool { return strings.HasPrefix(o, t+"/") })
	})
	return v
}

// telling picks, of the tests that noticed a bug, the one to name: the first by name, and one that names a rule rather than one that looks
// at random cases or at those of a fuzzer.
func telling(root, pkg string, failed []string) (string, error) {
	random, err := randomTests(root, pkg)
	if err != nil || len(failed) == 0 {
		return "", err
	}
	return slices.MinFunc(failed, func(a, b string) int {
		dice := func(t string) int {
			if top, _, _ := strings.Cut(t, "/"); random[top] || strings.HasPrefix(t, "Fuzz") {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(dice(a), dice(b)), cmp.Compare(a, b))
	}), nil
}

var testName = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)

// randomTests are the tests of a package in files that use pgregory.net/rapid; nil if none does.
func randomTests(root, pkg string) (map[string]bool, error) {
	files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pkg), "*_test.go"))
	if err != nil {
		return nil, err
	}
	var names map[string]bool
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if !bytes.Contains(text, []byte(`"pgregory.net/rapid"`)) {
			continue
		}
		if names == nil {
			names = map[string]bool{}
		}
		for _, m := range testName.FindAllSubmatch(text, -1) {
			names[string(m[1])] = true
		}
	}
	return names, nil
}
