package cluster

import (
	"fmt"
	"os"
	"strconv"
	"syscall"

	"github.com/posnet/posnet/hack/localkube/internal/preflight"
	"github.com/posnet/posnet/hack/localkube/internal/proc"
)

// Exec replaces this process by a program inside the cluster's namespaces; it returns only if it cannot.
func (c *Cluster) Exec(args []string) error {
	record, err := proc.Load(c.Layout.Processes())
	if err != nil {
		return err
	}
	if record.Supervisor.PID == 0 || !record.Supervisor.Alive() {
		return ErrDown
	}
	nsenter, err := preflight.Find("nsenter")
	if err != nil {
		return err
	}
	argv := append([]string{"nsenter", "--target", strconv.Itoa(record.Supervisor.PID), "--mount", "--net", "--"}, args...)
	if err := syscall.Exec(nsenter, argv, os.Environ()); err != nil {
		return fmt.Errorf("run nsenter: %w", err)
	}
	return nil
}
