package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const cometModule = "github.com/cometbft/cometbft"

// program is what is measured.
type program struct{ exe, version string }

// modules are the directories of posnet's module and of this one.
type modules struct{ posnet, bench string }

// findModules looks from the working directory upwards: this program is run
// from its source.
func findModules() (modules, error) {
	dir, err := os.Getwd()
	if err != nil {
		return modules{}, err
	}
	for ; ; dir = filepath.Dir(dir) {
		b, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(b, []byte("module github.com/posnet/posnet\n")) {
			return modules{posnet: dir, bench: filepath.Join(dir, "hack", "bench")}, nil
		}
		if dir == filepath.Dir(dir) {
			return modules{}, errors.New("run this in posnet's tree: go run . in hack/bench, or make bench-chain")
		}
	}
}

// buildComet builds CometBFT in the version that this module pins.
func buildComet(ctx context.Context, m modules, bin string, tell func(string)) (program, error) {
	out, err := run(ctx, m.bench, "go", "list", "-m", "-f", "{{.Version}}", cometModule)
	if err != nil {
		return program{}, err
	}
	p := program{version: strings.TrimSpace(out)}
	p.exe = filepath.Join(bin, "cometbft-"+p.version)
	if _, err := os.Stat(p.exe); err == nil {
		return p, nil // a version never changes
	}
	tell("building CometBFT " + p.version + ", once; this takes minutes")
	_, err = run(ctx, m.bench, "go", "build", "-trimpath", "-o", p.exe, cometModule+"/cmd/cometbft")
	return p, err
}

// buildPosnet builds posnet from the tree, or takes the program that was given.
func buildPosnet(ctx context.Context, m modules, bin, given string) (program, error) {
	p := program{exe: given}
	if given == "" {
		p.exe = filepath.Join(bin, "posnet")
		version, err := run(ctx, m.posnet, "git", "describe", "--tags", "--always", "--dirty")
		if err != nil {
			version = "v0.0.0-unknown" // no repository, or no git
		}
		ldflags := "-s -w -X " + versionVariable + "=" + strings.TrimSpace(version)
		if _, err := run(ctx, m.posnet, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", ldflags, "-o", p.exe, "./cmd/posnet"); err != nil {
			return p, err
		}
	}
	out, err := run(ctx, m.posnet, p.exe, "version", "--output", "json")
	if err != nil {
		return p, err
	}
	var v struct {
		Version string `json:"version"`
	}
	if err := json.Unmarshal([]byte(out), &v); err != nil || v.Version == "" {
		return p, fmt.Errorf("%s does not say its version (%v): %.200s", p.exe, err, out)
	}
	p.version = v.Version
	return p, nil
}

// versionVariable is what 'posnet version' tells.
const versionVariable = "github.com/posnet/posnet/node/telemetry.Version"

// run runs a command to its end and returns what it says.
func run(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", filepath.Base(name), strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}
