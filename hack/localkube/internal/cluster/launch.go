package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/posnet/posnet/hack/localkube/internal/cgroup"
	"github.com/posnet/posnet/hack/localkube/internal/image"
	"github.com/posnet/posnet/hack/localkube/internal/kubeapi"
	"github.com/posnet/posnet/hack/localkube/internal/layout"
	"github.com/posnet/posnet/hack/localkube/internal/netplan"
	"github.com/posnet/posnet/hack/localkube/internal/supervise"
)

// launch starts the supervisor in namespaces and a control group of its own, joins its network to the machine's, and lets it
// run. The channel delivers its end, should it end while this process watches.
func (c *Cluster) launch(ctx context.Context, plan netplan.Plan) (<-chan error, error) {
	log, err := os.OpenFile(c.Layout.Log("supervisor"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the supervisor's log: %w", err)
	}
	defer log.Close()
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe to the supervisor: %w", err)
	}
	defer read.Close()
	defer write.Close()
	cmd := exec.Command(c.Layout.Bin("localkube"), "supervise", c.supervisorConfig())
	cmd.Dir = "/"
	cmd.Stdin, cmd.Stdout, cmd.Stderr = read, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the supervisor in namespaces of its own: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- errors.Join(cmd.Wait(), errors.New("it was not asked to")) }()
	trees, err := cgroup.Detect()
	if err != nil {
		return nil, err
	}
	if err := trees.Add(layout.ServersCgroup, cmd.Process.Pid); err != nil {
		return nil, err
	}
	if err := join(ctx, plan, cmd.Process.Pid); err != nil {
		return nil, err
	}
	if _, err := write.WriteString(supervise.Go); err != nil {
		return nil, fmt.Errorf("let the supervisor run: %w", err)
	}
	return ended, nil
}

// join makes the link between this machine and the network namespace of process pid, and routes the cluster's addresses over it.
// All of it goes with the link.
func join(ctx context.Context, p netplan.Plan, pid int) error {
	for _, args := range []string{
		fmt.Sprintf("link add %s type veth peer name %s netns %d", layout.HostLink, layout.NodeLink, pid),
		fmt.Sprintf("address add %s/%d dev %s", p.Host, p.Link.Bits(), layout.HostLink),
		fmt.Sprintf("link set %s up", layout.HostLink),
		fmt.Sprintf("route add %s via %s dev %s", p.Block, p.Node, layout.HostLink),
	} {
		if out, err := exec.CommandContext(ctx, "ip", strings.Fields(args)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %s: %w", args, strings.TrimSpace(string(out)), err)
		}
	}
	// The node has no route out. Should a pod with rights add one, this machine does not forward for it, whatever it does for
	// others.
	if err := os.WriteFile("/proc/sys/net/ipv4/conf/"+layout.HostLink+"/forwarding", []byte("0"), 0o644); err != nil {
		return fmt.Errorf("forbid forwarding from the cluster: %w", err)
	}
	err := os.WriteFile("/proc/sys/net/ipv6/conf/"+layout.HostLink+"/disable_ipv6", []byte("1"), 0o644)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("keep IPv6 off the link to the cluster: %w", err)
	}
	return nil
}

// loadPause gives the runtime the first container of every pod.
func (c *Cluster) loadPause(ctx context.Context, binary string) error {
	if _, err := os.Stat(c.Layout.Containerd()); err != nil {
		return errors.New("its socket is not there yet")
	}
	path := filepath.Join(c.Layout.State, "tmp", "pause.tar")
	if _, err := image.Write(path, image.Spec{
		Tag:        layout.PauseImage,
		User:       "65535:65535",
		Entrypoint: []string{"/pause"},
		Files:      []image.File{{Source: binary, Target: "/pause", Mode: 0o755}},
	}); err != nil {
		return err
	}
	return c.importImage(ctx, path)
}

func (c *Cluster) apiReady(ctx context.Context, plan netplan.Plan) error {
	client, err := c.api(plan)
	if err != nil {
		return err
	}
	if _, err := client.Get(ctx, "/readyz"); err != nil {
		return err
	}
	return nil
}

func (c *Cluster) bootstrap(ctx context.Context, plan netplan.Plan) error {
	client, err := c.api(plan)
	if err != nil {
		return err
	}
	manifests, err := os.ReadFile(c.Layout.Config("bootstrap.yaml"))
	if err != nil {
		return fmt.Errorf("read the bootstrap manifests: %w", err)
	}
	return client.Apply(ctx, string(manifests))
}

func (c *Cluster) nodeReady(ctx context.Context, plan netplan.Plan) error {
	client, err := c.api(plan)
	if err != nil {
		return err
	}
	if err := client.NodeReady(ctx, layout.NodeName); err != nil {
		return err
	}
	// A pod of the default namespace can be made only when its service account is.
	_, err = client.Get(ctx, "/api/v1/namespaces/default/serviceaccounts/default")
	var status *kubeapi.StatusError
	if errors.As(err, &status) && status.Code == http.StatusNotFound {
		return errors.New("the controller manager has not made the default service account")
	}
	return err
}

// dnsAnswers asks the cluster's DNS, by its service address, for the API server's.
func (c *Cluster) dnsAnswers(ctx context.Context, plan netplan.Plan) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(plan.DNS.String(), "53"))
	}}
	addrs, err := resolver.LookupNetIP(ctx, "ip4", "kubernetes.default.svc."+layout.ClusterDomain+".")
	if err != nil {
		return fmt.Errorf("cluster DNS at %s does not answer: %w", plan.DNS, err)
	}
	if len(addrs) != 1 || addrs[0].Unmap() != plan.API {
		return fmt.Errorf("cluster DNS says kubernetes is at %v, not at %s", addrs, plan.API)
	}
	return nil
}
