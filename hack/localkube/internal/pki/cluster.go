package pki

import (
	"maps"
	"net"
	"time"

	"github.com/posnet/posnet/hack/localkube/internal/layout"
	"github.com/posnet/posnet/hack/localkube/internal/netplan"
)

// AdminGroup is the group of the kubeconfig's user. A ClusterRoleBinding gives it its rights, so they pass through RBAC like
// anybody's; only the bootstrap certificate is of system:masters, which RBAC never sees.
const AdminGroup = "posnet:cluster-admins"

// Cluster makes every certificate and key of a cluster with the addresses of plan, as file name to content.
func Cluster(plan netplan.Plan, now time.Time) (map[string][]byte, error) {
	node := net.IP(plan.Node.AsSlice())
	loopback := net.IPv4(127, 0, 0, 1)
	trusts := []struct {
		name   string
		leaves []Leaf
	}{
		{"ca", []Leaf{
			{File: "apiserver", CN: "kube-apiserver", IPs: []net.IP{node, net.IP(plan.API.AsSlice()), loopback}, DNS: []string{
				"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + layout.ClusterDomain, "localhost", layout.NodeName}},
			{File: "apiserver-kubelet-client", CN: "kube-apiserver-kubelet-client"},
			{File: "bootstrap", CN: "localkube:bootstrap", Groups: []string{"system:masters"}},
			{File: "admin", CN: "posnet-admin", Groups: []string{AdminGroup}},
			{File: "controller-manager", CN: "system:kube-controller-manager"},
			{File: "scheduler", CN: "system:kube-scheduler"},
			{File: "proxy", CN: "system:kube-proxy"},
			{File: "kubelet", CN: "system:node:" + layout.NodeName, Groups: []string{"system:nodes"}, IPs: []net.IP{node}, DNS: []string{layout.NodeName}},
			{File: "coredns", CN: "localkube:coredns"},
			{File: "provisioner", CN: "localkube:provisioner"},
		}},
		{"etcd-ca", []Leaf{
			{File: "etcd", CN: "etcd", IPs: []net.IP{loopback}, DNS: []string{"localhost"}},
			{File: "apiserver-etcd-client", CN: "kube-apiserver-etcd-client"},
		}},
		{"front-proxy-ca", []Leaf{
			{File: "front-proxy-client", CN: "front-proxy-client"},
		}},
	}
	files := map[string][]byte{}
	for _, t := range trusts {
		made, err := trust(t.name, t.leaves, now)
		if err != nil {
			return nil, err
		}
		maps.Copy(files, made)
	}
	private, public, err := KeyPair()
	if err != nil {
		return nil, err
	}
	files["sa.key"], files["sa.pub"] = private, public
	return files, nil
}

func trust(name string, leaves []Leaf, now time.Time) (map[string][]byte, error) {
	authority, err := NewAuthority("localkube "+name, now)
	if err != nil {
		return nil, err
	}
	key, err := keyPEM(authority.key)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{name + ".crt": authority.CertPEM(), name + ".key": key}
	for _, l := range leaves {
		cert, key, err := authority.Issue(l, now)
		if err != nil {
			return nil, err
		}
		files[l.File+".crt"], files[l.File+".key"] = cert, key
	}
	return files, nil
}
