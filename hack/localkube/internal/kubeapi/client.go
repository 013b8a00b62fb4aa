// Package kubeapi is the little of a Kubernetes client that starting a cluster needs: is it ready, apply these objects, is the
// node ready. client-go would do it too and would take minutes to build before the first line of progress could be shown.
package kubeapi

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// bodyLimit caps what is read of an answer, in bytes.
const bodyLimit = 4 << 20

// Client speaks to one API server as one user.
type Client struct {
	server string
	http   *http.Client
}

// New returns a client of server (a URL) that believes the authority in ca and shows cert and key; all three are files.
func New(server, ca, cert, key string) (*Client, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("load the client certificate: %w", err)
	}
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, fmt.Errorf("load the cluster's authority: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", ca)
	}
	return &Client{server: server, http: &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{
			// A proxy named in the environment must not see an address that exists only on this machine.
			Proxy:           nil,
			TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13},
		},
	}}, nil
}

// StatusError is an answer other than success.
type StatusError struct {
	Code    int
	Message string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("the API server answers %d: %s", e.Code, e.Message)
}

// Get fetches a path.
func (c *Client) Get(ctx context.Context, path string) ([]byte, error) {
	return c.do(ctx, http.MethodGet, path, "", nil)
}

func (c *Client) do(ctx context.Context, method, path, contentType string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.server+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("form the request for %s: %w", path, err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the API server: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, bodyLimit))
	if err != nil {
		return nil, fmt.Errorf("read the answer to %s: %w", path, err)
	}
	if resp.StatusCode/100 != 2 {
		return nil, &StatusError{Code: resp.StatusCode, Message: message(answer)}
	}
	return answer, nil
}

// message takes the sentence out of a Status object, or the start of whatever came.
func message(answer []byte) string {
	var status struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(answer, &status) == nil && status.Message != "" {
		return status.Message
	}
	return fmt.Sprintf("%.300s", strings.TrimSpace(string(answer)))
}

// Ready says whether the API server serves.
func (c *Client) Ready(ctx context.Context) bool {
	_, err := c.Get(ctx, "/readyz")
	return err == nil
}

// NodeReady returns nil if the node is ready, else what the kubelet says is missing.
func (c *Client) NodeReady(ctx context.Context, name string) error {
	answer, err := c.Get(ctx, "/api/v1/nodes/"+name)
	var status *StatusError
	if errors.As(err, &status) && status.Code == http.StatusNotFound {
		return fmt.Errorf("the kubelet has not registered node %s", name)
	}
	if err != nil {
		return err
	}
	var node struct {
		Spec struct {
			Taints []struct{ Key string }
		}
		Status struct {
			Conditions []struct{ Type, Status, Message string }
		}
	}
	if err := json.Unmarshal(answer, &node); err != nil {
		return fmt.Errorf("read node %s: %w", name, err)
	}
	for _, c := range node.Status.Conditions {
		if c.Type == "Ready" && c.Status != "True" {
			return fmt.Errorf("node %s is not ready: %s", name, c.Message)
		}
		if c.Type == "Ready" {
			for _, t := range node.Spec.Taints {
				// The controller manager lifts it a moment after the node is ready; until then no pod is scheduled.
				if t.Key == "node.kubernetes.io/not-ready" {
					return fmt.Errorf("node %s is ready and still tainted %s", name, t.Key)
				}
			}
			return nil
		}
	}
	return fmt.Errorf("node %s has not reported its condition", name)
}

// Apply applies every object of a YAML stream, server-side, as field manager "localkube".
func (c *Client) Apply(ctx context.Context, stream string) error {
	objects, err := Split(stream)
	if err != nil {
		return err
	}
	for _, o := range objects {
		if _, err := c.do(ctx, http.MethodPatch, o.Path+"?fieldManager=localkube&force=true", "application/apply-patch+yaml", o.YAML); err != nil {
			return fmt.Errorf("apply %s: %w", o.Path, err)
		}
	}
	return nil
}

// Object is one object of a YAML stream and where it lives.
type Object struct {
	Path string
	YAML []byte
}

// Split cuts a YAML stream into its objects. It only computes.
func Split(stream string) ([]Object, error) {
	var objects []Object
	for _, doc := range strings.Split("\n"+stream, "\n---\n") {
		var head struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
			Metadata   struct{ Name, Namespace string }
		}
		if err := yaml.Unmarshal([]byte(doc), &head); err != nil {
			return nil, fmt.Errorf("read a manifest: %w", err)
		}
		if head.Kind == "" {
			continue
		}
		plural, ok := plurals[head.Kind]
		if !ok {
			return nil, fmt.Errorf("a manifest is of kind %s, whose path is not known: add it to plurals", head.Kind)
		}
		path := "/apis/" + head.APIVersion
		if !strings.Contains(head.APIVersion, "/") {
			path = "/api/" + head.APIVersion
		}
		if head.Metadata.Namespace != "" {
			path += "/namespaces/" + head.Metadata.Namespace
		}
		objects = append(objects, Object{Path: path + "/" + plural + "/" + head.Metadata.Name, YAML: []byte(doc)})
	}
	return objects, nil
}

// plurals names the resource of every kind the bootstrap manifests use.
var plurals = map[string]string{
	"ClusterRole":        "clusterroles",
	"ClusterRoleBinding": "clusterrolebindings",
	"EndpointSlice":      "endpointslices",
	"Service":            "services",
	"StorageClass":       "storageclasses",
}
