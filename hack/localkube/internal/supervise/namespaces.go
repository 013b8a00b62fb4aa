package supervise

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/posnet/posnet/hack/localkube/internal/layout"
	"github.com/posnet/posnet/hack/localkube/internal/netplan"
)

// enterMounts cuts this mount namespace off from the machine's and lays the cluster's own directories and settings over it.
func enterMounts(l layout.Layout) error {
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("cut the mounts off from the machine's: %w", err)
	}
	// Within the namespace mounts are shared again: volumes with mountPropagation need it.
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("share the mounts among the servers: %w", err)
	}
	for _, b := range l.Binds() {
		if err := bind(b.Source, b.Target); err != nil {
			return err
		}
	}
	for target, value := range layout.Sysctls() {
		if _, err := os.Stat(target); errors.Is(err, os.ErrNotExist) {
			continue
		}
		source := filepath.Join(l.State, "sysctl", strings.ReplaceAll(strings.TrimPrefix(target, "/proc/sys/"), "/", "."))
		if err := os.WriteFile(source, []byte(value+"\n"), 0o644); err != nil {
			return fmt.Errorf("write a kernel setting for the kubelet to find: %w", err)
		}
		if err := bind(source, target); err != nil {
			return err
		}
	}
	return nil
}

func bind(source, target string) error {
	if err := unix.Mount(source, target, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("lay %s over %s: %w", source, target, err)
	}
	return nil
}

// enterNetwork brings up this network namespace: loopback, the link, and no route to anywhere else.
func enterNetwork(p netplan.Plan) error {
	for _, args := range [][]string{
		{"ip", "link", "set", "lo", "up"},
		{"ip", "address", "add", fmt.Sprintf("%s/%d", p.Node, p.Link.Bits()), "dev", layout.NodeLink},
		{"ip", "link", "set", layout.NodeLink, "up"},
		// Services are no real addresses: kube-proxy rewrites a packet to one on its way. A packet made on this node is routed
		// before it is rewritten, so it needs a route; one that nobody claimed is refused by the two rules below.
		{"ip", "route", "add", p.Services.String(), "dev", layout.NodeLink},
		{"iptables", "-w", "-A", "OUTPUT", "-d", p.Services.String(), "-j", "REJECT", "--reject-with", "icmp-net-unreachable"},
		{"iptables", "-w", "-A", "FORWARD", "-d", p.Services.String(), "-j", "REJECT", "--reject-with", "icmp-net-unreachable"},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %s: %w", strings.Join(args, " "), strings.TrimSpace(string(out)), err)
		}
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		return fmt.Errorf("let the node forward between its pods: %w", err)
	}
	return nil
}
