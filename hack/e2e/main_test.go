//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// cluster is what every test needs of the outside.
var cluster struct {
	rest       *rest.Config
	api        *kubernetes.Clientset
	kubeconfig string
	kubectl    string
	helm       string
	posnet     string
	image      string
}

const operatorNamespace = "posnet-system"

func TestMain(m *testing.M) {
	if err := prepare(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e: "+err.Error())
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func prepare() error {
	for name, into := range map[string]*string{
		"POSNET_TEST_KUBECONFIG": &cluster.kubeconfig, "POSNET_TEST_KUBECTL": &cluster.kubectl,
		"POSNET_E2E_HELM": &cluster.helm, "POSNET_E2E_IMAGE": &cluster.image, "POSNET_E2E_POSNET": &cluster.posnet,
	} {
		if *into = os.Getenv(name); *into == "" {
			return fmt.Errorf("%s is not set: run these tests with make e2e", name)
		}
	}
	var err error
	if cluster.rest, err = clientcmd.BuildConfigFromFlags("", cluster.kubeconfig); err != nil {
		return err
	}
	cluster.rest.QPS, cluster.rest.Burst = 50, 100
	if cluster.api, err = kubernetes.NewForConfig(cluster.rest); err != nil {
		return err
	}
	repository, tag, ok := strings.Cut(cluster.image, ":")
	if !ok {
		return fmt.Errorf("POSNET_E2E_IMAGE %q has no tag", cluster.image)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	// pollInterval is short so that tests need not wait for the slow look.
	out, err := exec.CommandContext(ctx, cluster.helm, "upgrade", "--install", "posnet", "../../charts/posnet",
		"--kubeconfig", cluster.kubeconfig, "--namespace", operatorNamespace, "--create-namespace",
		"--set", "image.repository="+repository, "--set", "image.tag="+tag, "--set", "pollInterval=2s",
		"--wait", "--timeout", "180s").CombinedOutput()
	if err != nil {
		return fmt.Errorf("install the chart: %w\n%s", err, out)
	}
	return nil
}
