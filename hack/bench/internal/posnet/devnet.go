package posnet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/posnet/posnet/hack/bench/internal/proc"
	"github.com/posnet/posnet/hack/bench/internal/round"
)

// The first ports of the nodes, below those that connections take at random,
// and away from those of a devnet that a user may have.
const (
	apiPort     = 27700
	peerPort    = 27740
	privatePort = 27780
)

// network is a devnet that runs.
type network struct {
	*proc.Process
	setup round.Setup
	apis  []*api
	nodes []int // process ids

	accounts int // between which transfers go
	entries  int // to how many nodes they are sent
}

// start starts a devnet and waits until its nodes are connected. On an error,
// it is stopped.
func start(ctx context.Context, s round.Setup) (n *network, err error) {
	if _, err := os.Stat(s.Exe); err != nil {
		return nil, err
	}
	p, err := proc.Start(s.Records, "posnet", s.Exe, "devnet", "--nodes", strconv.Itoa(s.Validators), "--data", s.Dir,
		"--api-port", strconv.Itoa(apiPort), "--node-port", strconv.Itoa(peerPort), "--private-port", strconv.Itoa(privatePort))
	if err != nil {
		return nil, err
	}
	n = &network{Process: p, setup: s, accounts: accounts, entries: s.Validators}
	for i := range s.Validators {
		n.apis = append(n.apis, newAPI(fmt.Sprintf("http://127.0.0.1:%d", apiPort+i)))
	}
	if err := n.ready(ctx); err != nil {
		return nil, errors.Join(err, n.stop())
	}
	return n, nil
}

// ready waits for the nodes, and remembers their processes.
func (n *network) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for _, a := range n.apis {
		for {
			err := a.ready(ctx, "devnet", len(n.apis)-1)
			if err == nil {
				break
			}
			select {
			case <-n.Ended():
				return n.Failure()
			case <-ctx.Done():
				return fmt.Errorf("the node at %s is not ready: %w", a.base, err)
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	var err error
	if n.nodes, err = proc.Children(n.PID()); err != nil {
		return err
	}
	if len(n.nodes) != len(n.apis) { // a stranger may answer at a port that a node did not get
		return fmt.Errorf("the devnet has %d processes for %d nodes", len(n.nodes), len(n.apis))
	}
	for _, pid := range n.nodes {
		if err := proc.Remember(n.setup.Records, pid, n.setup.Exe); err != nil {
			return err
		}
	}
	return nil
}

// stop ends the devnet, which ends its nodes, and keeps their logs: the rest of
// the directory goes.
func (n *network) stop() error {
	err := n.Stop()
	logs, _ := filepath.Glob(filepath.Join(n.setup.Dir, "n*.log"))
	for _, f := range logs {
		err = errors.Join(err, os.Rename(f, filepath.Join(n.setup.Records, "posnet-"+filepath.Base(f))))
	}
	for _, pid := range n.nodes {
		err = errors.Join(err, proc.Forget(n.setup.Records, pid))
	}
	return err
}

// watch ends ctx with the reason when the devnet ends by itself, as it does
// when one of its nodes does.
func (n *network) watch(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-n.Ended():
			cancel(n.Failure())
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// dirs are the nodes' data; the rest of the devnet's directory is logs.
func (n *network) dirs() []string {
	var out []string
	for i := range n.apis {
		out = append(out, filepath.Join(n.setup.Dir, "n"+strconv.Itoa(i)))
	}
	return out
}

// remote are the flags that name the nodes and the key which pays.
func (n *network) remote() []string {
	var urls []string
	for _, a := range n.apis[:n.entries] {
		urls = append(urls, a.base)
	}
	return []string{"--target", strings.Join(urls, ","), "--key-file", filepath.Join(n.setup.Dir, "faucet.pem"), "--output", "json"}
}
