package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/posnet/posnet/api/v1alpha1"
)

// Names of what the chart installs with the release name used here.
const (
	system   = "posnet-system"
	release  = "posnet"
	operator = "posnet-operator"
)

// repository is the root of the repository, seen from here.
const repository = "../.."

// env is the cluster under test.
type env struct {
	config *rest.Config
	api    client.Client
	image  string
	posnet string
	helm   string
}

// shared is made by the first test that needs a cluster; setupFailed says why it could not be made.
var (
	setup       sync.Once
	shared      *env
	setupFailed error
)

// cluster returns the cluster with the operator installed, and skips the test where there is none.
func cluster(t *testing.T) *env {
	t.Helper()
	if os.Getenv("POSNET_TEST_KUBECONFIG") == "" {
		t.Skip("needs a cluster: run `make e2e`, or set the variables that the package comment names")
	}
	setup.Do(func() { shared, setupFailed = prepare() })
	if setupFailed != nil {
		t.Fatalf("prepare the cluster: %v", setupFailed)
	}
	return shared
}

func prepare() (*env, error) {
	e := &env{image: os.Getenv("POSNET_E2E_IMAGE"), posnet: os.Getenv("POSNET_E2E_POSNET"), helm: os.Getenv("POSNET_E2E_HELM")}
	for name, v := range map[string]string{"POSNET_E2E_IMAGE": e.image, "POSNET_E2E_POSNET": e.posnet, "POSNET_E2E_HELM": e.helm} {
		if v == "" {
			return nil, fmt.Errorf("%s is not set", name)
		}
	}
	var err error
	if e.config, err = clientcmd.BuildConfigFromFlags("", os.Getenv("POSNET_TEST_KUBECONFIG")); err != nil {
		return nil, err
	}
	e.config.QPS, e.config.Burst = 200, 400
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	if e.api, err = client.New(e.config, client.Options{Scheme: scheme}); err != nil {
		return nil, err
	}
	return e, e.install()
}

// install brings the operator in with the chart, as a user does.
func (e *env) install() error {
	colon := strings.LastIndex(e.image, ":")
	if colon < 0 {
		return fmt.Errorf("POSNET_E2E_IMAGE %q has no tag", e.image)
	}
	_, err := run(context.Background(), e.helm, "--kubeconfig", os.Getenv("POSNET_TEST_KUBECONFIG"),
		"upgrade", "--install", release, repository+"/charts/posnet", "--namespace", system, "--create-namespace",
		"--set", "image.repository="+e.image[:colon], "--set", "image.tag="+e.image[colon+1:], "--set", "pollInterval=3s",
		"--wait", "--timeout", "180s")
	return err
}

// run runs a program and returns what it printed; its error has what it said.
func run(ctx context.Context, name string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, name, args...)
	var out, complaint bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaint
	if err := command.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, complaint.String())
	}
	return out.String(), nil
}

// patience is how long a condition may take on a machine that does other work too.
const patience = 3 * time.Minute

// eventually waits until done returns nil and fails with what it returned last.
func eventually(t *testing.T, what string, done func(context.Context) error) {
	t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(t.Context(), 200*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
		defer cancel()
		last = done(ctx)
		return last == nil, nil
	})
	if err != nil {
		t.Fatalf("waited for: %s\nlast seen: %v", what, last)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// namespace makes a namespace that goes when the test ends.
func (e *env) namespace(t *testing.T) string {
	t.Helper()
	n := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "e2e-", Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	must(t, e.api.Create(t.Context(), n))
	t.Cleanup(func() {
		if t.Failed() && os.Getenv("POSNET_E2E_KEEP") != "" {
			t.Logf("kept namespace %s", n.Name)
			return
		}
		if err := e.api.Delete(context.Background(), n); err != nil && !apierrors.IsNotFound(err) {
			t.Errorf("delete namespace %s: %v", n.Name, err)
		}
	})
	return n.Name
}

// proxied serves what a pod serves at port on a loopback address, by the API server's proxy. The pod may be replaced by
// another of its name at any time.
func (e *env) proxied(t *testing.T, namespace, pod string, port int) string {
	t.Helper()
	target, err := url.Parse(strings.TrimSuffix(e.config.Host, "/") + fmt.Sprintf("/api/v1/namespaces/%s/pods/%s:%d/proxy", namespace, pod, port))
	must(t, err)
	transport, err := rest.TransportFor(e.config)
	must(t, err)
	proxy := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL
}

// scaleOperator sets the number of operators and waits until it is reached.
func (e *env) scaleOperator(t *testing.T, replicas int32) {
	t.Helper()
	key := client.ObjectKey{Namespace: system, Name: operator}
	d := &appsv1.Deployment{}
	must(t, e.api.Get(t.Context(), key, d))
	old := d.DeepCopy()
	d.Spec.Replicas = &replicas
	must(t, e.api.Patch(t.Context(), d, client.MergeFrom(old)))
	eventually(t, fmt.Sprintf("%d operators run", replicas), func(ctx context.Context) error {
		var pods corev1.PodList
		if err := e.api.List(ctx, &pods, client.InNamespace(system), client.MatchingLabels{"app.kubernetes.io/component": "operator"}); err != nil {
			return err
		}
		if len(pods.Items) != int(replicas) {
			return fmt.Errorf("%d pods", len(pods.Items))
		}
		if err := e.api.Get(ctx, key, d); err != nil {
			return err
		}
		if d.Status.ReadyReplicas != replicas {
			return fmt.Errorf("%d ready", d.Status.ReadyReplicas)
		}
		return nil
	})
}
