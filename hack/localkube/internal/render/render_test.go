package render

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/posnet/posnet/hack/localkube/internal/layout"
	"github.com/posnet/posnet/hack/localkube/internal/netplan"
)

var rewrite = flag.Bool("rewrite", false, "write the goldens anew")

func input(t *testing.T) Input {
	t.Helper()
	plan, err := netplan.Choose(nil)
	if err != nil {
		t.Fatal(err)
	}
	return Input{Layout: layout.New("/repo"), Plan: plan, CNIBin: "/usr/lib/cni", Snapshotter: "overlayfs"}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs from its golden (go test -rewrite writes it anew):\n%s", name, got)
	}
}

func TestConfigurationMatchesItsGoldens(t *testing.T) {
	t.Parallel()
	files, err := Files(input(t))
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range files {
		golden(t, filepath.Base(path), text)
	}
}

func TestCommandLinesMatchTheirGolden(t *testing.T) {
	t.Parallel()
	data, err := json.MarshalIndent(Servers(input(t), "/usr/bin/containerd"), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "servers.json", string(data)+"\n")
}

func TestEveryClientGetsItsOwnCertificate(t *testing.T) {
	t.Parallel()
	in := input(t)
	pki := map[string][]byte{"ca.crt": []byte("authority")}
	for _, user := range []string{"controller-manager", "scheduler", "proxy", "kubelet", "coredns", "provisioner", "admin"} {
		pki[user+".crt"], pki[user+".key"] = []byte("certificate of "+user), []byte("key of "+user)
	}
	files, err := Kubeconfigs(in, pki)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 7 {
		t.Fatalf("%d kubeconfigs, want 7", len(files))
	}
	golden(t, "kubeconfig", files["/repo/.localkube/kubeconfig"])
	seen := map[string]string{}
	for path, text := range files {
		for line := range strings.Lines(text) {
			if !strings.Contains(line, "client-key-data") {
				continue
			}
			if other, ok := seen[line]; ok {
				t.Errorf("%s and %s share a key", path, other)
			}
			seen[line] = path
		}
	}
}

func TestNoUnixSocketPathIsTooLong(t *testing.T) {
	t.Parallel()
	l := input(t).Layout
	// containerd puts a shim's socket under /run/containerd/s/ with a 64 digit name, which is why Run is bound there.
	for _, path := range []string{l.Containerd(), "/run/containerd/s/" + strings.Repeat("f", 64)} {
		if len(path) > 107 {
			t.Errorf("%s has %d bytes; a unix socket's path ends at 107", path, len(path))
		}
	}
}
