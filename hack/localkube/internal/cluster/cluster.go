// Package cluster starts, looks at and ends the machine's local cluster.
//
// Up is a fixed row of steps, each shown with its time: find out whether it can work, compile what is missing, clear what a
// killed run left, write configuration, start the supervisor in its namespaces, wait until the node is ready and names resolve.
// It keeps nothing from one run to the next but the compiled binaries; a cluster is either healthy, and then Up leaves it alone,
// or it is made anew.
package cluster

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/posnet/posnet/hack/localkube/internal/kubeapi"
	"github.com/posnet/posnet/hack/localkube/internal/layout"
	"github.com/posnet/posnet/hack/localkube/internal/netplan"
	"github.com/posnet/posnet/hack/localkube/internal/progress"
	"github.com/posnet/posnet/hack/localkube/internal/supervise"
)

// Cluster is the local cluster of this machine, as used from one repository.
type Cluster struct {
	Layout layout.Layout
	Source string // hack/localkube, where binaries are built from
	Report *progress.Reporter
}

// ErrDown says that no cluster runs.
var ErrDown = errors.New("the local cluster is not running: start it with localkube up")

// ErrBusy says that another localkube is changing the cluster.
var ErrBusy = errors.New("another localkube is starting or ending the cluster: wait for it to finish")

// lock keeps two commands from changing the cluster at once. An abstract socket leaves nothing on the disk and is let go by the
// kernel however the process ends.
func lock() (unlock func(), err error) {
	l, err := net.Listen("unix", "@posnet-localkube-lock")
	if err != nil {
		return nil, ErrBusy
	}
	return func() { l.Close() }, nil
}

// supervisorConfig is where Up leaves what the supervisor needs.
func (c *Cluster) supervisorConfig() string { return c.Layout.Config("supervisor.json") }

// plan returns the addresses of the cluster that was started last.
func (c *Cluster) plan() (netplan.Plan, error) {
	config, err := supervise.Load(c.supervisorConfig())
	if errors.Is(err, os.ErrNotExist) {
		return netplan.Plan{}, ErrDown
	}
	return config.Plan, err
}

// api returns a client with all rights, for starting and for looking.
func (c *Cluster) api(plan netplan.Plan) (*kubeapi.Client, error) {
	return kubeapi.New(plan.Server(), c.Layout.PKI("ca.crt"), c.Layout.PKI("bootstrap.crt"), c.Layout.PKI("bootstrap.key"))
}

// FindSource returns hack/localkube of the repository that dir is in, and that repository.
func FindSource(dir string) (source, repo string, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return "", "", fmt.Errorf("find the current directory: %w", err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		source := filepath.Join(at, "hack", "localkube")
		if _, err := os.Stat(filepath.Join(source, "kube", "go.mod")); err == nil {
			return source, at, nil
		}
		if at == filepath.Dir(at) {
			return "", "", fmt.Errorf("%s is not inside a posnet repository: change into one, or give --repo", dir)
		}
	}
}
