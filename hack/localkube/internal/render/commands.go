package render

import (
	"github.com/posnet/posnet/hack/localkube/internal/layout"
)

// Stage says when a server may start.
type Stage int

const (
	// First servers need nobody.
	First Stage = iota
	// AfterAPI servers are started when the API server is ready: they would only fail and be started again.
	AfterAPI
)

// Server is one process of the cluster.
type Server struct {
	Name  string   `json:"name"` // unique; names its log
	Path  string   `json:"path"` // absolute
	Args  []string `json:"args"`
	Env   []string `json:"env,omitempty"`
	Stage Stage    `json:"stage"`
}

// Servers returns the command lines in the order they are started. containerd is the path of the machine's containerd.
func Servers(in Input, containerd string) []Server {
	l, plan := in.Layout, in.Plan
	own := func(name string, stage Stage, args ...string) Server {
		return Server{Name: name, Path: l.Bin(name), Args: args, Stage: stage}
	}
	return []Server{
		own("etcd", First,
			"--name="+layout.NodeName,
			"--data-dir="+l.State+"/etcd",
			"--listen-client-urls=https://127.0.0.1:2379",
			"--advertise-client-urls=https://127.0.0.1:2379",
			"--listen-peer-urls=https://127.0.0.1:2380",
			"--initial-advertise-peer-urls=https://127.0.0.1:2380",
			"--initial-cluster="+layout.NodeName+"=https://127.0.0.1:2380",
			"--client-cert-auth", "--trusted-ca-file="+l.PKI("etcd-ca.crt"),
			"--cert-file="+l.PKI("etcd.crt"), "--key-file="+l.PKI("etcd.key"),
			"--peer-client-cert-auth", "--peer-trusted-ca-file="+l.PKI("etcd-ca.crt"),
			"--peer-cert-file="+l.PKI("etcd.crt"), "--peer-key-file="+l.PKI("etcd.key"),
			// The cluster is thrown away by its next start: nothing is gained by waiting for the disk.
			"--unsafe-no-fsync",
			"--log-level=warn",
		),
		own("kube-apiserver", First,
			"--advertise-address="+plan.Node.String(),
			"--secure-port=6443",
			"--allow-privileged=true",
			"--authorization-mode=Node,RBAC",
			"--enable-admission-plugins=NodeRestriction",
			"--client-ca-file="+l.PKI("ca.crt"),
			"--tls-cert-file="+l.PKI("apiserver.crt"), "--tls-private-key-file="+l.PKI("apiserver.key"),
			"--etcd-servers=https://127.0.0.1:2379",
			"--etcd-cafile="+l.PKI("etcd-ca.crt"),
			"--etcd-certfile="+l.PKI("apiserver-etcd-client.crt"), "--etcd-keyfile="+l.PKI("apiserver-etcd-client.key"),
			"--kubelet-certificate-authority="+l.PKI("ca.crt"),
			"--kubelet-client-certificate="+l.PKI("apiserver-kubelet-client.crt"),
			"--kubelet-client-key="+l.PKI("apiserver-kubelet-client.key"),
			// The node's name is known to no DNS server.
			"--kubelet-preferred-address-types=InternalIP",
			"--service-cluster-ip-range="+plan.Services.String(),
			"--service-account-issuer=https://kubernetes.default.svc."+layout.ClusterDomain,
			"--service-account-key-file="+l.PKI("sa.pub"), "--service-account-signing-key-file="+l.PKI("sa.key"),
			"--requestheader-client-ca-file="+l.PKI("front-proxy-ca.crt"),
			"--requestheader-allowed-names=front-proxy-client",
			"--requestheader-username-headers=X-Remote-User",
			"--requestheader-group-headers=X-Remote-Group",
			"--requestheader-extra-headers-prefix=X-Remote-Extra-",
			"--proxy-client-cert-file="+l.PKI("front-proxy-client.crt"), "--proxy-client-key-file="+l.PKI("front-proxy-client.key"),
			"--profiling=false",
		),
		{Name: "containerd", Path: containerd, Args: []string{"--config", l.Config("containerd.toml")}, Stage: First},
		own("kube-controller-manager", AfterAPI,
			"--kubeconfig="+l.Config("controller-manager.kubeconfig"),
			"--authentication-kubeconfig="+l.Config("controller-manager.kubeconfig"),
			"--authorization-kubeconfig="+l.Config("controller-manager.kubeconfig"),
			"--bind-address=127.0.0.1",
			"--leader-elect=false",
			"--use-service-account-credentials",
			"--client-ca-file="+l.PKI("ca.crt"),
			"--requestheader-client-ca-file="+l.PKI("front-proxy-ca.crt"),
			"--root-ca-file="+l.PKI("ca.crt"),
			"--service-account-private-key-file="+l.PKI("sa.key"),
			"--cluster-signing-cert-file="+l.PKI("ca.crt"), "--cluster-signing-key-file="+l.PKI("ca.key"),
			"--cluster-cidr="+plan.Pods.String(),
			"--service-cluster-ip-range="+plan.Services.String(),
			"--allocate-node-cidrs=false",
			// Both this and the kubelet would make the default directory, which is the machine's.
			"--flex-volume-plugin-dir=/var/lib/kubelet/volume-plugins",
			// The kubelet renews its lease every 30 s (a quarter of nodeLeaseDurationSeconds).
			"--node-monitor-grace-period=150s",
			"--profiling=false",
		),
		own("kube-scheduler", AfterAPI,
			"--config="+l.Config("scheduler.yaml"),
			"--authentication-kubeconfig="+l.Config("scheduler.kubeconfig"),
			"--authorization-kubeconfig="+l.Config("scheduler.kubeconfig"),
			"--bind-address=127.0.0.1",
			"--profiling=false",
		),
		own("kubelet", AfterAPI,
			"--config="+l.Config("kubelet.yaml"),
			"--kubeconfig="+l.Config("kubelet.kubeconfig"),
			"--hostname-override="+layout.NodeName,
			"--node-ip="+plan.Node.String(),
		),
		own("kube-proxy", AfterAPI, "--config="+l.Config("kube-proxy.yaml")),
		own("coredns", AfterAPI, "-conf", l.Config("Corefile")),
		own("provisioner", AfterAPI,
			"--kubeconfig="+l.Config("provisioner.kubeconfig"),
			"--name="+layout.Provisioner,
			"--node="+layout.NodeName,
			"--directory="+l.Volumes(),
		),
	}
}
