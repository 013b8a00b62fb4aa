// Package render turns a layout and an address plan into every configuration file and command line of the cluster. PURE: what
// a cluster will run with can be read in testdata without starting one.
package render

import (
	"bytes"
	"embed"
	"encoding/base64"
	"fmt"
	"text/template"

	"github.com/posnet/posnet/hack/localkube/internal/layout"
	"github.com/posnet/posnet/hack/localkube/internal/netplan"
)

//go:embed templates
var templates embed.FS

// Input is all that the configuration depends on.
type Input struct {
	Layout      layout.Layout
	Plan        netplan.Plan
	CNIBin      string // where the CNI plugins are installed
	Snapshotter string // "overlayfs", or "native" where State is itself on an overlay
}

// view is what the templates see.
type view struct {
	Input
	NodeName, PauseImage, ClusterDomain, Cgroup, StorageClass, Provisioner string
}

// Files returns the configuration files as path to content. Those with keys in them are in Kubeconfigs.
func Files(in Input) (map[string]string, error) {
	files := map[string]string{}
	for name, path := range map[string]string{
		"containerd.toml": in.Layout.Config("containerd.toml"),
		"pods.conflist":   in.Layout.Config("cni/10-pods.conflist"),
		"kubelet.yaml":    in.Layout.Config("kubelet.yaml"),
		"kube-proxy.yaml": in.Layout.Config("kube-proxy.yaml"),
		"scheduler.yaml":  in.Layout.Config("scheduler.yaml"),
		"Corefile":        in.Layout.Config("Corefile"),
		"resolv.conf":     in.Layout.Config("resolv.conf"),
		"bootstrap.yaml":  in.Layout.Config("bootstrap.yaml"),
	} {
		text, err := execute(name, view{
			Input:         in,
			NodeName:      layout.NodeName,
			PauseImage:    layout.PauseImage,
			ClusterDomain: layout.ClusterDomain,
			Cgroup:        layout.Cgroup,
			StorageClass:  layout.StorageClass,
			Provisioner:   layout.Provisioner,
		})
		if err != nil {
			return nil, err
		}
		files[path] = text
	}
	return files, nil
}

// Kubeconfigs returns the kubeconfig of every client as path to content; pki is what pki.Cluster made. The user's own is among
// them, at Layout.Kubeconfig.
func Kubeconfigs(in Input, pki map[string][]byte) (map[string]string, error) {
	files := map[string]string{}
	for user, path := range map[string]string{
		"controller-manager": in.Layout.Config("controller-manager.kubeconfig"),
		"scheduler":          in.Layout.Config("scheduler.kubeconfig"),
		"proxy":              in.Layout.Config("proxy.kubeconfig"),
		"kubelet":            in.Layout.Config("kubelet.kubeconfig"),
		"coredns":            in.Layout.Config("coredns.kubeconfig"),
		"provisioner":        in.Layout.Config("provisioner.kubeconfig"),
		"admin":              in.Layout.Kubeconfig(),
	} {
		text, err := execute("kubeconfig", map[string]string{
			"Server": in.Plan.Server(),
			"User":   user,
			"CA":     base64.StdEncoding.EncodeToString(pki["ca.crt"]),
			"Cert":   base64.StdEncoding.EncodeToString(pki[user+".crt"]),
			"Key":    base64.StdEncoding.EncodeToString(pki[user+".key"]),
		})
		if err != nil {
			return nil, err
		}
		files[path] = text
	}
	return files, nil
}

func execute(name string, data any) (string, error) {
	t, err := template.New(name).Option("missingkey=error").ParseFS(templates, "templates/"+name)
	if err != nil {
		return "", fmt.Errorf("parse the template of %s: %w", name, err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, data); err != nil {
		return "", fmt.Errorf("render %s: %w", name, err)
	}
	return out.String(), nil
}
