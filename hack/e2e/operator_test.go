package e2e

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// operatorMetric reads one sample of the operator's metrics.
func (n *network) operatorMetric(name string) float64 {
	n.t.Helper()
	var value float64
	eventually(n.t, "the operator shows "+name, func(ctx context.Context) error {
		var pods corev1.PodList
		if err := n.api.List(ctx, &pods, client.InNamespace(system), client.MatchingLabels{"app.kubernetes.io/component": "operator"}); err != nil {
			return err
		}
		if len(pods.Items) != 1 {
			return io.ErrUnexpectedEOF
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, n.proxied(n.t, system, pods.Items[0].Name, 8080)+"/metrics", nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			if v, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
				value, err = strconv.ParseFloat(v, 64)
				return err
			}
		}
		return os.ErrNotExist
	})
	return value
}

// Everything that can be rendered is what the API server would take.
func TestRenderedManifestsPassADryRun(t *testing.T) {
	t.Parallel()
	e := cluster(t)
	kubeconfig := os.Getenv("POSNET_TEST_KUBECONFIG")
	kubectl := os.Getenv("POSNET_TEST_KUBECTL")
	if kubectl == "" {
		kubectl = "kubectl"
	}
	// The namespaces that the values name.
	for _, name := range []string{"team-a", "team-b"} {
		o := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		must(t, client.IgnoreAlreadyExists(e.api.Create(t.Context(), o)))
		t.Cleanup(func() { _ = e.api.Delete(context.Background(), o) })
	}
	rendered := map[string]string{}
	values, err := filepath.Glob(repository + "/charts/posnet/ci/*.yaml")
	must(t, err)
	for _, file := range append([]string{""}, values...) {
		// Another release name: what is rendered must not be what is installed.
		args := []string{"template", "other", repository + "/charts/posnet", "--namespace", system}
		if file != "" {
			args = append(args, "--values", file)
		}
		out, err := run(t.Context(), e.helm, args...)
		must(t, err)
		rendered["chart "+filepath.Base(file)] = out
	}
	for _, dir := range []string{"config/default", "config/samples"} {
		out, err := run(t.Context(), kubectl, "kustomize", filepath.Join(repository, dir))
		must(t, err)
		// Under other names too: Helm has installed objects of these names.
		rendered[dir] = strings.ReplaceAll(out, operator, "other-operator")
	}
	for name, text := range rendered {
		file := filepath.Join(t.TempDir(), "rendered.yaml")
		must(t, os.WriteFile(file, []byte(text), 0o600))
		if out, err := run(t.Context(), kubectl, "--kubeconfig", kubeconfig, "apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", file); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}
