package comet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/posnet/posnet/hack/bench/internal/proc"
	"github.com/posnet/posnet/hack/bench/internal/round"
)

// network is the nodes that run.
type network struct {
	nodes   []*node
	chainID string
}

type node struct {
	*proc.Process
	rpc  *client
	data string
}

const firstPort = 27650 // below the ports that connections take at random

func rpcAddress(i int) string  { return fmt.Sprintf("127.0.0.1:%d", firstPort+2*i) }
func peerAddress(i int) string { return fmt.Sprintf("127.0.0.1:%d", firstPort+2*i+1) }

// home is the directory of a node, with its keys, configuration and data.
func home(s round.Setup, i int) string { return filepath.Join(s.Dir, fmt.Sprintf("node%d", i)) }

// start makes a network and waits until it makes blocks. On an error, what was
// started is stopped.
func start(ctx context.Context, s round.Setup, v Variant) (n *network, err error) {
	if _, err := command(ctx, s, "testnet", "--v", fmt.Sprint(s.Validators), "--o", s.Dir, "--populate-persistent-peers=false"); err != nil {
		return nil, err
	}
	if err := configure(ctx, s, v); err != nil {
		return nil, err
	}
	n = &network{}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.stop())
		}
	}()
	if n.chainID, err = chainID(s); err != nil {
		return n, err
	}
	for i := range s.Validators {
		p, err := proc.Start(s.Records, fmt.Sprintf("%s-%d", v.Name, i), s.Exe, "node", "--home", home(s, i), "--proxy_app", "kvstore",
			"--rpc.laddr", "tcp://"+rpcAddress(i), "--p2p.laddr", "tcp://"+peerAddress(i))
		if err != nil {
			return n, err
		}
		n.nodes = append(n.nodes, &node{Process: p, rpc: newClient(rpcAddress(i)), data: home(s, i)})
	}
	return n, n.ready(ctx)
}

// configure edits what testnet has written.
func configure(ctx context.Context, s round.Setup, v Variant) error {
	ids := make([]string, s.Validators)
	for i := range ids {
		id, err := command(ctx, s, "show-node-id", "--home", home(s, i))
		if err != nil {
			return err
		}
		ids[i] = strings.TrimSpace(id)
	}
	for i := range ids {
		var peers []string
		for j, id := range ids {
			if j != i {
				peers = append(peers, id+"@"+peerAddress(j))
			}
		}
		settings := append([]setting{{"p2p", "persistent_peers", `"` + strings.Join(peers, ",") + `"`}}, v.settings...)
		err := rewrite(filepath.Join(home(s, i), "config", "config.toml"), func(b []byte) ([]byte, error) {
			text, err := edit(string(b), settings)
			return []byte(text), err
		})
		if err == nil && v.blockBytes > 0 {
			err = rewrite(genesisFile(s, i), func(b []byte) ([]byte, error) { return withBlockBytes(b, v.blockBytes) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func genesisFile(s round.Setup, i int) string {
	return filepath.Join(home(s, i), "config", "genesis.json")
}

func chainID(s round.Setup) (string, error) {
	b, err := os.ReadFile(genesisFile(s, 0))
	if err != nil {
		return "", err
	}
	var doc struct {
		ChainID string `json:"chain_id"`
	}
	if err := json.Unmarshal(b, &doc); err != nil || doc.ChainID == "" {
		return "", fmt.Errorf("no chain_id in the genesis (%v)", err)
	}
	return doc.ChainID, nil
}

func rewrite(file string, change func([]byte) ([]byte, error)) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if b, err = change(b); err != nil {
		return fmt.Errorf("change %s: %w", file, err)
	}
	return os.WriteFile(file, b, 0o600)
}

// command runs one of the program's commands to its end.
func command(ctx context.Context, s round.Setup, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, s.Exe, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("cometbft %s: %w: %s", args[0], err, out)
	}
	return string(out), nil
}

// ready waits until all nodes are connected and have made two blocks.
func (n *network) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for _, node := range n.nodes {
		for {
			err := node.rpc.ready(ctx, n.chainID, len(n.nodes)-1)
			if err == nil {
				break
			}
			select {
			case <-node.Ended():
				return node.Failure()
			case <-ctx.Done():
				return fmt.Errorf("%s is not ready: %w", node.Name, err)
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	return nil
}

// watch ends ctx with the reason when a node ends by itself.
func (n *network) watch(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	for _, node := range n.nodes {
		go func() {
			select {
			case <-node.Ended():
				cancel(node.Failure())
			case <-ctx.Done():
			}
		}()
	}
	return ctx, cancel
}

func (n *network) pids() []int {
	var out []int
	for _, node := range n.nodes {
		out = append(out, node.PID())
	}
	return out
}

func (n *network) dirs() []string {
	var out []string
	for _, node := range n.nodes {
		out = append(out, node.data)
	}
	return out
}

// stop ends all nodes, at the same time.
func (n *network) stop() error {
	errs := make(chan error)
	for _, node := range n.nodes {
		go func() { errs <- node.Stop() }()
	}
	var all []error
	for range n.nodes {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}
