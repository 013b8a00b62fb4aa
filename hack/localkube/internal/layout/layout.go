// Package layout names everything a local cluster puts on the machine: directories, files, links, cgroups.
//
// There is one cluster a machine, so the names are fixed. That is what makes cleaning up after a killed run possible: nothing
// has to be remembered to be found again.
//
//	/var/lib/posnet-localkube/   State: certificates, configuration, etcd, containers, volumes, logs; gone after down
//	/run/posnet-localkube/       Run:   sockets and process records; short, because a unix socket's path ends at 107 bytes
//	<repo>/.localkube/           Home:  what a user touches: kubeconfig, bin/kubectl
package layout

import "path/filepath"

const (
	// NodeName is the name of the only node.
	NodeName = "localkube"
	// HostLink and NodeLink are the two ends of the one link between the machine and the cluster's network namespace.
	// Linux allows 15 bytes.
	HostLink = "posnet-host"
	NodeLink = "posnet-node"
	// Cgroup is the cgroup, in every hierarchy, below which the cluster's servers and pods live.
	Cgroup = "posnet-localkube"
	// ServersCgroup is the child of Cgroup that holds the servers: cgroup v2 allows no processes in an inner group.
	ServersCgroup = Cgroup + "/servers"
	// PauseImage is the first container of every pod.
	PauseImage = "posnet.dev/localkube/pause:1"
	// ClusterDomain is the DNS suffix of the cluster.
	ClusterDomain = "cluster.local"
	// StorageClass is the default class, and Provisioner the name that serves it.
	StorageClass = "local"
	Provisioner  = "posnet.dev/localkube"
)

// Layout holds the directories of one cluster; all else is derived.
type Layout struct {
	State string // absolute
	Run   string // absolute, short
	Home  string // absolute
}

// New returns the layout of the machine's cluster for a repository at repo.
func New(repo string) Layout {
	return Layout{
		State: "/var/lib/posnet-localkube",
		Run:   "/run/posnet-localkube",
		Home:  filepath.Join(repo, ".localkube"),
	}
}

// Bin is where the binaries of this cluster are linked, by the names they are started by.
func (l Layout) Bin(name string) string { return filepath.Join(l.State, "bin", name) }

// Logs is where the servers' logs are.
func (l Layout) Logs() string { return filepath.Join(l.State, "logs") }

// PKI is the file of a certificate or key.
func (l Layout) PKI(name string) string { return filepath.Join(l.State, "pki", name) }

// Config is the file of a component's configuration.
func (l Layout) Config(name string) string { return filepath.Join(l.State, "config", name) }

// Log is the file a component writes to.
func (l Layout) Log(name string) string { return filepath.Join(l.Logs(), name+".log") }

// Volumes is where the storage class makes its directories.
func (l Layout) Volumes() string { return filepath.Join(l.State, "volumes") }

// Containerd is the socket of the container runtime.
func (l Layout) Containerd() string { return filepath.Join(l.Run, "containerd.sock") }

// Processes is the record of what the supervisor has started.
func (l Layout) Processes() string { return filepath.Join(l.Run, "processes.json") }

// Plan is the record of the addresses chosen and of the directories made outside State and Run.
func (l Layout) Plan() string { return filepath.Join(l.State, "plan.json") }

// Kubeconfig is the user's way in.
func (l Layout) Kubeconfig() string { return filepath.Join(l.Home, "kubeconfig") }

// Kubectl is a kubectl of the cluster's own version.
func (l Layout) Kubectl() string { return filepath.Join(l.Home, "bin", "kubectl") }

// Bind is a directory the cluster sees in the place of the machine's own.
type Bind struct{ Source, Target string }

// Binds lists the paths that Kubernetes, containerd and the CNI library have compiled in. The servers run in a mount namespace
// of their own in which these are directories of State or Run: the machine's own (another kubelet's, Docker's containerd) are
// neither used nor touched, and every mount vanishes with the last process.
func (l Layout) Binds() []Bind {
	return []Bind{
		{filepath.Join(l.State, "kubelet"), "/var/lib/kubelet"},
		{filepath.Join(l.State, "cni-cache"), "/var/lib/cni"},
		{filepath.Join(l.State, "var-log"), "/var/log"},
		{filepath.Join(l.Run, "containerd"), "/run/containerd"},
		{filepath.Join(l.Run, "netns"), "/run/netns"},
	}
}

// Sysctls are the kernel settings the kubelet insists on. They belong to the whole machine, so a file with the wanted value is
// laid over each in the cluster's mount namespace: the kubelet finds what it wants, and the machine keeps its own.
func Sysctls() map[string]string {
	return map[string]string{
		"/proc/sys/vm/overcommit_memory":      "1",
		"/proc/sys/vm/panic_on_oom":           "0",
		"/proc/sys/kernel/panic":              "10",
		"/proc/sys/kernel/panic_on_oops":      "1",
		"/proc/sys/kernel/keys/root_maxkeys":  "1000000",
		"/proc/sys/kernel/keys/root_maxbytes": "25000000",
	}
}
