package preflight

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/posnet/posnet/hack/localkube/internal/progress"
)

// missing lists the Debian packages whose programs are not installed. Programs are looked for, not packages: Docker's own
// containerd does as well as Debian's, and must not be replaced by it.
func missing() []string {
	var packages []string
	for program, pkg := range programs {
		if _, err := Find(program); err != nil {
			packages = append(packages, pkg)
		}
	}
	if CNIBin() == "" {
		packages = append(packages, "containernetworking-plugins")
	}
	slices.Sort(packages)
	return slices.Compact(packages)
}

// Install installs packages with apt-get, fetching the lists first if it knows a package by none.
func Install(ctx context.Context, report *progress.Reporter, packages []string) error {
	return report.Step(ctx, "install "+strings.Join(packages, " "), func(ctx context.Context, s *progress.Step) error {
		if exec.CommandContext(ctx, "apt-cache", append([]string{"show", "--no-all-versions"}, packages...)...).Run() != nil {
			if err := apt(ctx, s, "update"); err != nil {
				return err
			}
		}
		if err := apt(ctx, s, append([]string{"install", "-y", "--no-install-recommends"}, packages...)...); err != nil {
			// The lists may be older than what the mirror keeps.
			if apt(ctx, s, "update") != nil || apt(ctx, s, append([]string{"install", "-y", "--no-install-recommends"}, packages...)...) != nil {
				return err
			}
		}
		s.Detail("")
		if still := missing(); len(still) > 0 {
			return fmt.Errorf("apt-get installed %s, yet the programs of %s are not found: look at the PATH", strings.Join(packages, " "), strings.Join(still, ", "))
		}
		return nil
	})
}

func apt(ctx context.Context, s *progress.Step, args ...string) error {
	cmd := exec.CommandContext(ctx, "apt-get", args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	reader, writer := io.Pipe()
	cmd.Stdout, cmd.Stderr = writer, writer
	var last []string
	done := make(chan struct{})
	go func() {
		defer close(done)
		for lines := bufio.NewScanner(reader); lines.Scan(); {
			s.Detail("%.60s", lines.Text())
			last = append(last, lines.Text())
			last = last[max(0, len(last)-6):]
		}
		_, _ = io.Copy(io.Discard, reader) // a line too long to scan must not stop apt-get
	}()
	err := cmd.Run()
	writer.Close()
	<-done
	if err != nil {
		return fmt.Errorf("apt-get %s failed (%w): %s", args[0], err, strings.Join(last, " / "))
	}
	return nil
}
