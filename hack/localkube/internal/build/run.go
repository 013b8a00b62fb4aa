package build

import (
	"bufio"
	"fmt"
	"os/exec"
	"strings"
)

// shown is how many of the last lines a failed command's error carries.
const shown = 12

// run runs cmd and hands every line it writes to standard error to line.
func run(cmd *exec.Cmd, line func(string)) error {
	pipe, err := cmd.StderrPipe()
	if err != nil {
		return fmt.Errorf("listen to %s: %w", cmd, err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	var last []string
	lines := bufio.NewScanner(pipe)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line(lines.Text())
		last = append(last, lines.Text())
		if len(last) > shown {
			last = last[1:]
		}
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("go %s failed (%w):\n%s", cmd.Args[1], err, strings.Join(last, "\n"))
	}
	return nil
}
