package pki

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/posnet/posnet/hack/localkube/internal/netplan"
)

var now = time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)

func clusterFiles(t *testing.T) (map[string][]byte, netplan.Plan) {
	t.Helper()
	plan, err := netplan.Choose(nil)
	if err != nil {
		t.Fatal(err)
	}
	files, err := Cluster(plan, now)
	if err != nil {
		t.Fatal(err)
	}
	return files, plan
}

func parse(t *testing.T, data []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(data)
	if block == nil {
		t.Fatal("no PEM block")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestACertificateIsBelievedByItsOwnAuthorityOnly(t *testing.T) {
	t.Parallel()
	files, plan := clusterFiles(t)
	for _, c := range []struct {
		name, leaf, authority string
		usage                 x509.ExtKeyUsage
		host                  string
		believed              bool
	}{
		{"the API server at the node's address", "apiserver", "ca", x509.ExtKeyUsageServerAuth, plan.Node.String(), true},
		{"the API server at its service address", "apiserver", "ca", x509.ExtKeyUsageServerAuth, plan.API.String(), true},
		{"the API server by its service name", "apiserver", "ca", x509.ExtKeyUsageServerAuth, "kubernetes.default.svc", true},
		{"the API server under a stranger's address", "apiserver", "ca", x509.ExtKeyUsageServerAuth, "192.0.2.9", false},
		{"the kubelet as a server", "kubelet", "ca", x509.ExtKeyUsageServerAuth, plan.Node.String(), true},
		{"the kubelet as a client", "kubelet", "ca", x509.ExtKeyUsageClientAuth, "", true},
		{"the admin as a client", "admin", "ca", x509.ExtKeyUsageClientAuth, "", true},
		{"the admin as a server", "admin", "ca", x509.ExtKeyUsageServerAuth, "", false},
		{"the admin at etcd", "admin", "etcd-ca", x509.ExtKeyUsageClientAuth, "", false},
		{"the API server's client at etcd", "apiserver-etcd-client", "etcd-ca", x509.ExtKeyUsageClientAuth, "", true},
		{"the API server's etcd client at the API server", "apiserver-etcd-client", "ca", x509.ExtKeyUsageClientAuth, "", false},
		{"the front proxy at the API server", "front-proxy-client", "ca", x509.ExtKeyUsageClientAuth, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			roots := x509.NewCertPool()
			roots.AddCert(parse(t, files[c.authority+".crt"]))
			_, err := parse(t, files[c.leaf+".crt"]).Verify(x509.VerifyOptions{
				Roots: roots, DNSName: c.host, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{c.usage}})
			if (err == nil) != c.believed {
				t.Fatalf("verification error %v, want believed=%v", err, c.believed)
			}
		})
	}
}

func TestIdentitiesAreWhatAuthorisationExpects(t *testing.T) {
	t.Parallel()
	files, _ := clusterFiles(t)
	for file, want := range map[string]struct {
		cn     string
		groups []string
	}{
		"kubelet":            {"system:node:localkube", []string{"system:nodes"}},
		"admin":              {"posnet-admin", []string{AdminGroup}},
		"bootstrap":          {"localkube:bootstrap", []string{"system:masters"}},
		"controller-manager": {"system:kube-controller-manager", nil},
		"provisioner":        {"localkube:provisioner", nil},
	} {
		got := parse(t, files[file+".crt"]).Subject
		if got.CommonName != want.cn || !slices.Equal(got.Organization, want.groups) {
			t.Errorf("%s is %q of %q, want %q of %q", file, got.CommonName, got.Organization, want.cn, want.groups)
		}
	}
}

func TestEveryCertificateHasItsKeyAndKeysArePrivate(t *testing.T) {
	t.Parallel()
	files, _ := clusterFiles(t)
	dir := filepath.Join(t.TempDir(), "pki")
	if err := Write(dir, files); err != nil {
		t.Fatal(err)
	}
	for name := range files {
		if filepath.Ext(name) != ".crt" {
			continue
		}
		base := filepath.Join(dir, name[:len(name)-len(".crt")])
		if _, err := tls.LoadX509KeyPair(base+".crt", base+".key"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		info, err := os.Stat(base + ".key")
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s.key has mode %v, want 0600", name, info.Mode().Perm())
		}
	}
}
