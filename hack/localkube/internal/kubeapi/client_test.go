package kubeapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestSplitFindsThePathOfEveryObject(t *testing.T) {
	t.Parallel()
	objects, err := Split(`# a comment alone
---
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: local}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/api/v1/namespaces/kube-system/services/kube-dns", "/apis/storage.k8s.io/v1/storageclasses/local"}
	if len(objects) != len(want) {
		t.Fatalf("%d objects, want %d", len(objects), len(want))
	}
	for i, o := range objects {
		if o.Path != want[i] {
			t.Errorf("path %s, want %s", o.Path, want[i])
		}
	}
	if _, err := Split("apiVersion: v1\nkind: Unheard\nmetadata: {name: x}"); err == nil || !strings.Contains(err.Error(), "Unheard") {
		t.Errorf("a kind without a known path gives %v", err)
	}
}

func TestNodeReady(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code       int
		body, want string
	}{
		"a ready node is ready":             {200, `{"status":{"conditions":[{"type":"Ready","status":"True"}]}}`, ""},
		"the kubelet's reason is passed on": {200, `{"status":{"conditions":[{"type":"Ready","status":"False","message":"cni config uninitialized"}]}}`, "cni config uninitialized"},
		"a tainted node takes no pods":      {200, `{"spec":{"taints":[{"key":"node.kubernetes.io/not-ready"}]},"status":{"conditions":[{"type":"Ready","status":"True"}]}}`, "tainted"},
		"a node without conditions waits":   {200, `{}`, "has not reported"},
		"an absent node waits":              {404, `{"message":"not found"}`, "has not registered"},
		"a refusal is told":                 {403, `{"message":"no such right"}`, "no such right"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.code)
				_, _ = w.Write([]byte(c.body))
			}))
			defer server.Close()
			client := &Client{server: server.URL, http: server.Client()}
			err := client.NodeReady(context.Background(), "n")
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one with %q", err, c.want)
			}
		})
	}
}
