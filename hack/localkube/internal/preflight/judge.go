package preflight

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/posnet/posnet/hack/localkube/internal/netplan"
)

const (
	gib = 1 << 30
	// BuildSpace is what compiling Kubernetes needs: modules, the compiler's cache and its temporary files.
	BuildSpace = 8 * gib
	// StateSpace is what a cluster needs for its binaries, images and a small network's volumes.
	StateSpace = 2 * gib
	// Memory is what the control plane and a small network need.
	Memory = 3 * gib / 2
)

// Judge returns the first reason why a cluster cannot run on a machine of which f is true, nil if it can.
func Judge(f Facts) error {
	switch {
	case f.OS != "linux":
		return fmt.Errorf("the embedded cluster needs Linux and this is %s: use Docker with kind (CLUSTER=kind) or a cluster of yours (CLUSTER=current)", f.OS)
	case f.UID != 0:
		return fmt.Errorf("the embedded cluster needs root (namespaces, mounts, a network link): run it with sudo, or use CLUSTER=kind")
	}
	for _, c := range []struct {
		bit  int
		name string
	}{{unix.CAP_SYS_ADMIN, "CAP_SYS_ADMIN"}, {unix.CAP_NET_ADMIN, "CAP_NET_ADMIN"}} {
		if f.Caps&(1<<c.bit) == 0 {
			return fmt.Errorf("root lacks %s here, without which no namespace can be made: start this container privileged", c.name)
		}
	}
	switch {
	case f.CgroupErr != nil:
		return f.CgroupErr
	case f.Build && f.Go == "":
		return fmt.Errorf("the cluster's binaries have to be compiled and there is no go: install Go 1.26 or later from https://go.dev/dl and put it in root's PATH")
	case f.Build && f.CacheFree < BuildSpace:
		return fmt.Errorf("compiling the cluster needs %d GiB and the cache's disk has %.1f GiB free: make room, or point XDG_CACHE_HOME and GOCACHE elsewhere", BuildSpace/gib, float64(f.CacheFree)/gib)
	case f.StateFree < StateSpace:
		return fmt.Errorf("the cluster needs %d GiB below /var/lib and its disk has %.1f GiB free: make room", StateSpace/gib, float64(f.StateFree)/gib)
	case f.Memory < Memory:
		return fmt.Errorf("the cluster needs %.1f GiB of memory and %.1f GiB are available: end something else", float64(Memory)/gib, float64(f.Memory)/gib)
	}
	if _, err := netplan.Choose(f.Taken); err != nil {
		return fmt.Errorf("%w: free one of %s", err, blocks())
	}
	if len(f.Packages) > 0 && !f.Apt {
		return fmt.Errorf("programs are missing and there is no apt-get to install them: install what Debian calls %s", strings.Join(f.Packages, ", "))
	}
	return nil
}

func blocks() string {
	var all []string
	for _, b := range netplan.Candidates() {
		all = append(all, b.String())
	}
	return strings.Join(all, ", ")
}
