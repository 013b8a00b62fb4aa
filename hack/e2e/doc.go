// Package e2e holds the end-to-end tests: the operator installed from the chart, networks of real nodes in pods, and every
// claim asserted from the chain itself.
//
// `make e2e` brings a cluster up, builds the image and sets the variables; by hand:
//
//	POSNET_TEST_KUBECONFIG  kubeconfig of the cluster; without it all tests are skipped
//	POSNET_E2E_HELM         helm, version 4
//	POSNET_E2E_IMAGE        repository:tag of the image, which the cluster has or can pull
//	POSNET_E2E_POSNET       the posnet program, of the same build
//	POSNET_TEST_KUBECTL     kubectl; only for rendering kustomizations (default: kubectl on PATH)
//
// Each test has namespaces of its own, which enforce Pod Security "restricted". Nodes are reached through the API server's
// pod proxy, which works wherever a kubeconfig does. Tests wait for conditions and never for time.
package e2e
