package desired_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/posnet/posnet/api/v1alpha1"
	"github.com/posnet/posnet/controllers/desired"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// network reads a spec written as a user writes it.
func network(t *testing.T, name, spec string) *v1alpha1.PoSNetwork {
	t.Helper()
	n := &v1alpha1.PoSNetwork{ObjectMeta: metav1.ObjectMeta{
		Name: name, Namespace: "default", UID: types.UID("11111111-2222-3333-4444-555555555555"),
		CreationTimestamp: metav1.Unix(1_700_000_000, 0),
	}}
	if err := yaml.UnmarshalStrict([]byte(spec), &n.Spec); err != nil {
		t.Fatalf("read the spec of the test: %v", err)
	}
	return n
}

func input(n *v1alpha1.PoSNetwork) desired.Input {
	replicas := desired.Replicas(n)
	return desired.Input{
		Network: n, Image: "registry.example/posnet:v1.2.3", Replicas: replicas, Partition: replicas, MaxUnavailable: 1,
		DeleteClaims: !desired.Retained(n), OperatorNamespace: "posnet-system", ClusterDomain: "cluster.local",
	}
}

var scenarios = map[string]string{
	"defaults": `{}`,
	"everything": `
chainID: mainnet
image: {pullPolicy: Always, pullSecrets: [registry]}
validators: {replicas: 7, stake: "2500.5", overrides: [{ordinal: 1, stake: "0"}]}
storage: {size: 50Gi, storageClassName: fast, accessMode: ReadWriteOnce, retention: Delete}
resources: {requests: {cpu: "1", memory: 1Gi}, limits: {memory: 2Gi}}
scheduling:
  nodeSelector: {disk: ssd}
  tolerations: [{key: dedicated, operator: Equal, value: chain, effect: NoSchedule}]
  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: arch, operator: In, values: [amd64]}]}]}}}
  topologySpread: [{topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule}]
  priorityClassName: important
service: {type: LoadBalancer, annotations: {external-dns.alpha.kubernetes.io/hostname: api.example.org}}
networkPolicy: {metricsFrom: {matchLabels: {team: observability}}}
telemetry: {datadog: {env: prod, service: ledger, version: "7"}}
logLevel: debug
podTemplate: {labels: {team: chain, app.kubernetes.io/name: stolen}, annotations: {note: hello}}
`,
	"brought-keys":           `{validators: {replicas: 1, keysSecretRef: {name: my-keys}}}`,
	"no-policy-no-datadog":   `{networkPolicy: {enabled: false}, telemetry: {datadog: {enabled: false}}}`,
	"without-a-memory-limit": `{resources: {requests: {cpu: 250m}}}`,
}

func TestObjectsAreTheGoldenOnes(t *testing.T) {
	t.Parallel()
	for name, spec := range scenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects, err := desired.Objects(input(network(t, "demo", spec)))
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			for _, o := range objects {
				manifest, err := desired.Manifest(o)
				if err != nil {
					t.Fatal(err)
				}
				text, err := yaml.Marshal(manifest)
				if err != nil {
					t.Fatal(err)
				}
				got.WriteString("---\n")
				got.Write(text)
			}
			golden(t, name+".yaml", got.Bytes())
		})
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; write it with `go test ./controllers/desired -update`", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from what is made now; look at the difference after `go test ./controllers/desired -update`\n%s",
			path, firstDifference(want, got))
	}
}

func firstDifference(want, got []byte) string {
	w, g := strings.Split(string(want), "\n"), strings.Split(string(got), "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return "golden: " + w[i] + "\nnow:    " + g[i]
		}
	}
	return "one is longer than the other"
}

func TestObjectsAreTheSameEveryTime(t *testing.T) {
	t.Parallel()
	render := func() string {
		objects, err := desired.Objects(input(network(t, "demo", scenarios["everything"])))
		if err != nil {
			t.Fatal(err)
		}
		text, err := yaml.Marshal(objects)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	first := render()
	for range 20 {
		if render() != first {
			t.Fatal("two renderings of one spec differ")
		}
	}
}

func TestAPodNeverMountsTheKeysOfOthers(t *testing.T) {
	t.Parallel()
	set, err := desired.StatefulSet(input(network(t, "demo", scenarios["brought-keys"])))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range set.Spec.Template.Spec.Containers {
		for _, m := range c.VolumeMounts {
			if m.Name == "brought-keys" || m.Name == "picked-keys" {
				t.Errorf("container %s mounts %s", c.Name, m.Name)
			}
		}
	}
	if got := len(set.Spec.Template.Spec.InitContainers); got != 2 {
		t.Errorf("%d init containers, want the one that picks and the one that installs", got)
	}
}

func TestEveryContainerIsRestricted(t *testing.T) {
	t.Parallel()
	for name, spec := range scenarios {
		set, err := desired.StatefulSet(input(network(t, "demo", spec)))
		if err != nil {
			t.Fatal(err)
		}
		pod := set.Spec.Template.Spec
		if p := pod.SecurityContext; p == nil || !*p.RunAsNonRoot || p.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
			t.Errorf("%s: the pod is not restricted: %+v", name, p)
		}
		if *pod.AutomountServiceAccountToken {
			t.Errorf("%s: the pod gets a token", name)
		}
		for _, c := range append(pod.InitContainers, pod.Containers...) {
			s := c.SecurityContext
			if s == nil || *s.AllowPrivilegeEscalation || !*s.ReadOnlyRootFilesystem ||
				len(s.Capabilities.Drop) != 1 || s.Capabilities.Drop[0] != "ALL" || len(s.Capabilities.Add) != 0 {
				t.Errorf("%s: container %s is not restricted: %+v", name, c.Name, s)
			}
		}
	}
}

func TestRetentionDecidesWhoOwnsTheDurableObjects(t *testing.T) {
	t.Parallel()
	for spec, want := range map[string]int{`{}`: 0, `{storage: {retention: Retain}}`: 0, `{storage: {retention: Delete}}`: 1} {
		n := network(t, "demo", spec)
		for _, o := range []desired.Object{
			desired.GenesisConfigMap(n, []byte("{}"), "00"),
			desired.AccountSecret(n, desired.TreasuryName(n.Name), []byte("pem"), "pos1"),
		} {
			if got := len(o.GetOwnerReferences()); got != want {
				t.Errorf("%s with spec %s has %d owners, want %d", o.GetName(), spec, got, want)
			}
		}
	}
}

func TestOrdinalReadsOnlyPodsOfTheNetwork(t *testing.T) {
	t.Parallel()
	for pod, want := range map[string]int32{
		"demo-0": 0, "demo-17": 17, "demo-": -1, "demo": -1, "demo-01": -1, "demo--1": -1, "demo-1-0": -1, "other-0": -1,
		"demo-99999999999": -1, "demo-+1": -1,
	} {
		got, ok := desired.Ordinal("demo", pod)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("ordinal of %q is %d, want %d (-1: none)", pod, got, want)
		}
	}
}

func TestVersionLabelIsAValidLabel(t *testing.T) {
	t.Parallel()
	for image, want := range map[string]string{
		"posnet": "latest", "posnet:dev": "dev", "host:5000/posnet": "latest", "host:5000/posnet:v1": "v1",
		"posnet@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef": "0123456789ab",
		"posnet:" + strings.Repeat("a", 62) + "-b":                                       strings.Repeat("a", 62),
	} {
		in := input(network(t, "demo", `{}`))
		in.Image = image
		set, err := desired.StatefulSet(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := set.Spec.Template.Labels["tags.datadoghq.com/version"]; got != want {
			t.Errorf("image %s gives version %q, want %q", image, got, want)
		}
	}
}
