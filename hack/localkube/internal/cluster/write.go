package cluster

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/posnet/posnet/hack/localkube/internal/cleanup"
	"github.com/posnet/posnet/hack/localkube/internal/layout"
	"github.com/posnet/posnet/hack/localkube/internal/pki"
	"github.com/posnet/posnet/hack/localkube/internal/preflight"
	"github.com/posnet/posnet/hack/localkube/internal/render"
	"github.com/posnet/posnet/hack/localkube/internal/supervise"
)

// components are the names the one binary is started by.
var components = []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl", "provisioner"}

// write makes State and Run and all the servers need in them.
func (c *Cluster) write(binaries map[string]string) (render.Input, error) {
	l := c.Layout
	in, err := c.choose()
	if err != nil {
		return in, err
	}
	for _, dir := range []string{l.State, l.Run, l.Logs(), l.Bin(""), l.Volumes(), filepath.Join(l.State, "tmp"), filepath.Join(l.State, "sysctl"), filepath.Join(l.State, "config", "cni")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return in, fmt.Errorf("make the cluster's directories: %w", err)
		}
	}
	var targets []string
	for _, b := range l.Binds() {
		if err := os.MkdirAll(b.Source, 0o755); err != nil {
			return in, fmt.Errorf("make the cluster's directories: %w", err)
		}
		targets = append(targets, b.Target)
	}
	if err := cleanup.MakeDirs(l, targets); err != nil {
		return in, err
	}
	if err := groups(); err != nil {
		return in, err
	}
	if err := placeBinaries(l, binaries); err != nil {
		return in, err
	}
	certificates, err := pki.Cluster(in.Plan, time.Now())
	if err != nil {
		return in, err
	}
	if err := pki.Write(filepath.Join(l.State, "pki"), certificates); err != nil {
		return in, err
	}
	files, err := render.Files(in)
	if err != nil {
		return in, err
	}
	if err := writeAll(files, 0o644); err != nil {
		return in, err
	}
	kubeconfigs, err := render.Kubeconfigs(in, certificates)
	if err != nil {
		return in, err
	}
	// The user's own is kept here until the cluster is ready: a kubeconfig that is there works.
	kubeconfigs[l.Config("admin.kubeconfig")] = kubeconfigs[l.Kubeconfig()]
	delete(kubeconfigs, l.Kubeconfig())
	if err := writeAll(kubeconfigs, 0o600); err != nil {
		return in, err
	}
	containerd, err := preflight.Find("containerd")
	if err != nil {
		return in, err
	}
	config := supervise.Config{Layout: l, Plan: in.Plan, Servers: render.Servers(in, containerd)}
	return in, config.Save(c.supervisorConfig())
}

// placeBinaries puts the binaries where the cluster starts them from: a rebuild must not change a running cluster, and a
// process started from here is known by it.
func placeBinaries(l layout.Layout, binaries map[string]string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	for name, source := range map[string]string{"kube": binaries["kube"], "coredns": binaries["coredns"], "localkube": self} {
		if err := linkOrCopy(source, l.Bin(name)); err != nil {
			return err
		}
	}
	for _, name := range components {
		if err := os.Symlink("kube", l.Bin(name)); err != nil {
			return fmt.Errorf("name component %s: %w", name, err)
		}
	}
	return nil
}

func linkOrCopy(source, target string) error {
	if os.Link(source, target) == nil {
		return nil
	}
	in, err := os.Open(source)
	if err != nil {
		return fmt.Errorf("place a binary: %w", err)
	}
	defer in.Close()
	out, err := os.OpenFile(target, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return fmt.Errorf("place a binary: %w", err)
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return fmt.Errorf("place binary %s: %w", target, err)
	}
	return out.Close()
}

func writeFile(path, text string, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make the directory of %s: %w", path, err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return nil
}

// writeHome gives the user the kubeconfig and a kubectl of the cluster's version.
func (c *Cluster) writeHome() error {
	l := c.Layout
	text, err := os.ReadFile(l.Config("admin.kubeconfig"))
	if err != nil {
		return fmt.Errorf("read the user's kubeconfig: %w", err)
	}
	if err := writeFile(l.Kubeconfig(), string(text), 0o600); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(l.Kubectl()), 0o755); err != nil {
		return fmt.Errorf("make the directory of kubectl: %w", err)
	}
	if err := os.Remove(l.Kubectl()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("replace kubectl: %w", err)
	}
	if err := os.Symlink(l.Bin("kubectl"), l.Kubectl()); err != nil {
		return fmt.Errorf("place kubectl: %w", err)
	}
	return c.giveHome()
}

// giveHome hands the files to the user who called sudo, who is to use them without it.
func (c *Cluster) giveHome() error {
	uid, err1 := strconv.Atoi(os.Getenv("SUDO_UID"))
	gid, err2 := strconv.Atoi(os.Getenv("SUDO_GID"))
	if err1 != nil || err2 != nil {
		return nil
	}
	l := c.Layout
	for _, path := range []string{l.Home, l.Kubeconfig(), filepath.Dir(l.Kubectl()), l.Kubectl()} {
		if err := os.Lchown(path, uid, gid); err != nil {
			return fmt.Errorf("give %s to the user of sudo: %w", path, err)
		}
	}
	return nil
}

// snapshotter is "overlayfs" unless dir is itself on an overlay, on which no other can be laid.
func snapshotter(dir string) string {
	for ; ; dir = filepath.Dir(dir) {
		var fs unix.Statfs_t
		if unix.Statfs(dir, &fs) == nil {
			if fs.Type == unix.OVERLAYFS_SUPER_MAGIC {
				return "native"
			}
			return "overlayfs"
		}
	}
}
