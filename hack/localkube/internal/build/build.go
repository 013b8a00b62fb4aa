// Package build compiles the cluster's binaries once and keeps them.
//
// Compiling Kubernetes takes minutes, so a binary is kept under the user's cache directory by a hash of all it is made from: its
// sources, the module's go.mod and go.sum, the Go version, the architecture and the linker's flags. The same inputs are never
// compiled twice, and a changed input is never mistaken for an old one.
package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/posnet/posnet/hack/localkube/internal/progress"
)

// Target is one binary.
type Target struct {
	Name    string
	Module  string   // directory of its module, below hack/localkube
	Inputs  []string // files and directories, below Module, that it is made from
	LDFlags string
}

// Targets are the binaries of a cluster.
var Targets = []Target{
	{Name: "kube", Module: "kube", Inputs: []string{"go.mod", "go.sum", "cmd/kube", "internal"},
		LDFlags: "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3" +
			" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36"},
	{Name: "coredns", Module: "kube", Inputs: []string{"go.mod", "go.sum", "cmd/coredns"}, LDFlags: "-s -w"},
	{Name: "pause", Module: ".", Inputs: []string{"go.mod", "cmd/pause"}, LDFlags: "-s -w"},
}

// Builder builds from the sources in Source (hack/localkube) into Cache.
type Builder struct {
	Source string
	Cache  string
}

// CacheDir is where binaries are kept: $XDG_CACHE_HOME/posnet/localkube, or ~/.cache in its place.
func CacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache directory (set XDG_CACHE_HOME): %w", err)
	}
	return filepath.Join(dir, "posnet", "localkube"), nil
}

// Missing returns the paths of all targets and those of them that must be built.
func (b Builder) Missing() (paths map[string]string, missing []Target, err error) {
	paths = map[string]string{}
	for _, t := range Targets {
		key, err := b.key(t)
		if err != nil {
			return nil, nil, err
		}
		paths[t.Name] = filepath.Join(b.Cache, t.Name+"-"+key)
		if _, err := os.Stat(paths[t.Name]); err != nil {
			missing = append(missing, t)
		}
	}
	return paths, missing, nil
}

// Ensure builds what is missing and returns every binary's path.
func (b Builder) Ensure(ctx context.Context, report *progress.Reporter) (map[string]string, error) {
	_, missing, err := b.Missing()
	if err != nil {
		return nil, err
	}
	if len(missing) > 0 {
		if err := os.MkdirAll(b.Cache, 0o755); err != nil {
			return nil, fmt.Errorf("make the cache of binaries: %w", err)
		}
		unlock, err := b.lock(ctx, report)
		if err != nil {
			return nil, err
		}
		defer unlock()
	}
	paths, missing, err := b.Missing() // another build may have made them while this one waited
	if err != nil {
		return nil, err
	}
	for _, t := range missing {
		if err := b.build(ctx, report, t, paths[t.Name]); err != nil {
			return nil, err
		}
	}
	for _, t := range Targets {
		b.prune(t, paths[t.Name])
	}
	return paths, nil
}

// lock keeps two builds from doing the same minutes of work.
func (b Builder) lock(ctx context.Context, report *progress.Reporter) (func(), error) {
	file, err := os.OpenFile(filepath.Join(b.Cache, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the build: %w", err)
	}
	take := func() error { return unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB) }
	if take() == nil {
		return func() { file.Close() }, nil
	}
	err = report.Step(ctx, "wait for another build of the cluster", func(ctx context.Context, _ *progress.Step) error {
		for {
			err := take()
			if !errors.Is(err, unix.EWOULDBLOCK) {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(200 * time.Millisecond):
			}
		}
	})
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("wait for another build: %w", err)
	}
	return func() { file.Close() }, nil
}

func (b Builder) build(ctx context.Context, report *progress.Reporter, t Target, path string) error {
	module := filepath.Join(b.Source, t.Module)
	pkg := "./cmd/" + t.Name
	total := 0
	err := report.Step(ctx, "fetch the modules of "+t.Name, func(ctx context.Context, s *progress.Step) error {
		fetched := 0
		var err error
		total, err = listDeps(ctx, module, pkg, func(module string) {
			fetched++
			s.Detail("%d fetched, %s", fetched, module)
		})
		s.Detail("%d packages", total)
		return err
	})
	if err != nil {
		return err
	}
	return report.Step(ctx, "compile "+t.Name, func(ctx context.Context, s *progress.Step) error {
		compiled := 0
		s.Detail("0 of %d packages", total)
		partial := fmt.Sprintf("%s.%d", path, os.Getpid())
		defer os.Remove(partial)
		err := compile(ctx, module, pkg, t.LDFlags, partial, func(pkg string) {
			compiled++
			if pkg == t.linking() {
				s.Detail("%d packages compiled, linking", compiled)
				return
			}
			s.Detail("%d of %d packages, %s", compiled, total, pkg)
		})
		if err != nil {
			return err
		}
		info, err := os.Stat(partial)
		if err != nil {
			return fmt.Errorf("look at the binary just built: %w", err)
		}
		s.Detail("%d packages, %d MB", compiled, info.Size()>>20)
		if err := os.Rename(partial, path); err != nil {
			return fmt.Errorf("keep the binary just built: %w", err)
		}
		return nil
	})
}

// linking is the last package the compiler names: the program itself.
func (t Target) linking() string {
	return filepath.Join("github.com/posnet/posnet/hack/localkube", t.Module, "cmd", t.Name)
}

// listDeps counts the packages pkg is made of, which fetches their modules; fetching is called for each.
func listDeps(ctx context.Context, module, pkg string, fetching func(string)) (int, error) {
	cmd := goCommand(ctx, module, "list", "-deps", "-f", "{{.ImportPath}}", pkg)
	var out strings.Builder
	cmd.Stdout = &out
	err := run(cmd, func(line string) {
		if name, ok := strings.CutPrefix(line, "go: downloading "); ok {
			fetching(name)
		}
	})
	return strings.Count(out.String(), "\n"), err
}

func compile(ctx context.Context, module, pkg, ldflags, path string, compiled func(string)) error {
	// -v names every package as it is begun; -trimpath makes the build the same in every directory.
	cmd := goCommand(ctx, module, "build", "-v", "-trimpath", "-ldflags", ldflags, "-o", path, pkg)
	return run(cmd, func(line string) {
		if !strings.Contains(line, " ") {
			compiled(line)
		}
	})
}

func goCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	// Static, for this machine, by this module alone.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+runtime.GOARCH, "GOWORK=off", "GOFLAGS=-mod=readonly -buildvcs=false")
	return cmd
}
