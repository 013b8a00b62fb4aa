package controllers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/yaml"

	"github.com/posnet/posnet/api/v1alpha1"
	"github.com/posnet/posnet/controllers/chainclient"
	"github.com/posnet/posnet/controllers/desired"
	"github.com/posnet/posnet/node/chain"
)

// kubeconfigVariable names the kubeconfig of a cluster for the tests below. `make test` and `make controllers-test` set
// it; without it there is no API server to test against.
const kubeconfigVariable = "POSNET_TEST_KUBECONFIG"

// cluster is a real API server and a namespace of the test's own in it.
type cluster struct {
	t         *testing.T
	config    *rest.Config
	api       client.WithWatch
	namespace string
}

var installCRD sync.Once

func onCluster(t *testing.T) *cluster {
	t.Helper()
	path := os.Getenv(kubeconfigVariable)
	if path == "" {
		t.Skipf("needs a cluster: set %s, or run `make controllers-test`", kubeconfigVariable)
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatalf("%s is set, and that is no kubeconfig: %v", kubeconfigVariable, err)
	}
	config.QPS, config.Burst = 200, 400
	api, err := client.NewWithWatch(config, client.Options{Scheme: scheme()})
	if err != nil {
		t.Fatalf("%s is set, and no API server answers: %v", kubeconfigVariable, err)
	}
	c := &cluster{t: t, config: config, api: api}
	var operators appsv1.DeploymentList
	c.must(api.List(t.Context(), &operators, client.MatchingLabels{"app.kubernetes.io/name": "posnet", "app.kubernetes.io/component": "operator"}))
	for _, d := range operators.Items {
		if d.Spec.Replicas == nil || *d.Spec.Replicas > 0 {
			t.Fatalf("an operator runs in this cluster and would work against the one under test: kubectl -n %s scale deploy/%s --replicas=0", d.Namespace, d.Name)
		}
	}
	installCRD.Do(func() { c.install() })
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "posnet-test-", Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	c.must(api.Create(t.Context(), namespace))
	c.namespace = namespace.Name
	t.Cleanup(func() { _ = api.Delete(context.Background(), namespace) })
	return c
}

func (c *cluster) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// eventually waits until a condition holds; it fails with what was last seen.
func (c *cluster) eventually(what string, done func() error) {
	c.t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(c.t.Context(), 50*time.Millisecond, 60*time.Second, true, func(context.Context) (bool, error) {
		last = done()
		return last == nil, nil
	})
	if err != nil {
		c.t.Fatalf("%s: %v", what, errors.Join(err, last))
	}
}

// install applies the generated CRD and waits until the API server serves it. It does so in the name of the chart's
// release, so that an installation of the chart afterwards finds nothing in its way.
func (c *cluster) install() {
	c.t.Helper()
	for _, crd := range c.manifests("../config/crd/posnet.dev_posnetworks.yaml") {
		annotations := crd.GetAnnotations()
		annotations["meta.helm.sh/release-name"], annotations["meta.helm.sh/release-namespace"] = "posnet", "posnet-system"
		crd.SetAnnotations(annotations)
		crd.SetLabels(map[string]string{desired.ManagedByLabel: "Helm"})
		c.must(c.api.Apply(c.t.Context(), client.ApplyConfigurationFromUnstructured(crd), client.FieldOwner("helm"), client.ForceOwnership))
	}
	c.eventually("the CRD is served", func() error { return c.api.List(c.t.Context(), &v1alpha1.PoSNetworkList{}) })
}

func (c *cluster) manifests(path string) (list []*unstructured.Unstructured) {
	c.t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(path))
	c.must(err)
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		u := &unstructured.Unstructured{}
		c.must(yaml.Unmarshal(document, &u.Object))
		if len(u.Object) > 0 {
			list = append(list, u)
		}
	}
	return list
}

// declare applies a PoSNetwork written as a user writes it and returns the API server's answer.
func (c *cluster) declare(name, spec string) error {
	c.t.Helper()
	u := &unstructured.Unstructured{Object: map[string]any{}}
	c.must(yaml.Unmarshal([]byte("spec: "+spec), &u.Object))
	u.SetAPIVersion(v1alpha1.GroupVersion.String())
	u.SetKind(v1alpha1.Kind)
	u.SetName(name)
	u.SetNamespace(c.namespace)
	return c.api.Apply(c.t.Context(), client.ApplyConfigurationFromUnstructured(u), client.FieldOwner("user"), client.ForceOwnership)
}

func (c *cluster) key(name string) client.ObjectKey {
	return client.ObjectKey{Namespace: c.namespace, Name: name}
}

// silent is a network nobody answers in: these tests are about Kubernetes, and no pod gets to run in them.
type silent struct{}

func (silent) Node(context.Context, string) (chainclient.Node, error) {
	return chainclient.Node{}, errDown
}

func (silent) Status(context.Context, string) (chainclient.Status, error) {
	return chainclient.Status{}, errDown
}

func (silent) Validators(context.Context, string) (chainclient.Validators, error) {
	return chainclient.Validators{}, errDown
}

func (silent) Attest(context.Context, string, []byte, string, int32) (chain.Identity, error) {
	return chain.Identity{}, errDown
}

func (silent) Genesis(context.Context, string, chain.Hash) (*chain.Genesis, []byte, error) {
	return nil, nil, errDown
}

// nowhere keeps pods from being scheduled, so that they stay as the test finds them.
const nowhere = `scheduling: {nodeSelector: {posnet.dev/test: nowhere}}`

func (c *cluster) operator(api client.WithWatch) *Reconciler {
	return &Reconciler{
		Client: api, Reader: api, Nodes: silent{}, Events: events.NewFakeRecorder(1000), Now: time.Now,
		Config: Config{Image: "posnet:test", Namespace: "posnet-system", ClusterDomain: "cluster.local", PollInterval: 15 * time.Second},
	}
}

func (c *cluster) passes(r *Reconciler, name string, n int) {
	c.t.Helper()
	for range n {
		_, err := r.Reconcile(c.t.Context(), reconcile.Request{NamespacedName: c.key(name)})
		c.must(err)
	}
}

// The API server refuses what could not work, each with a message that says what is wrong.
func TestClusterRefusesSpecsThatCannotWork(t *testing.T) {
	t.Parallel()
	c := onCluster(t)
	for name, x := range map[string]struct{ name, spec, want string }{
		"a name that makes names too long":  {strings.Repeat("n", 41), `{}`, "at most 40 characters"},
		"a name no service can have":        {"1st", `{}`, "starts with a letter"},
		"no validator":                      {"a", `{validators: {replicas: 0}}`, "greater than or equal to 1"},
		"too many validators":               {"a", `{validators: {replicas: 201}}`, "less than or equal to 200"},
		"no stake at all":                   {"a", `{validators: {stake: "0"}}`, "at least one validator needs stake"},
		"stake as a number":                 {"a", `{validators: {stake: 5}}`, "expected string"},
		"a negative stake":                  {"a", `{validators: {stake: "-5"}}`, "should match"},
		"an amount with seven decimals":     {"a", `{treasury: {balance: "0.0000001"}}`, "should match"},
		"fewer at most than at least":       {"a", `{params: {minTxs: 5, maxTxs: 2}}`, "maxTxs must be at least minTxs"},
		"a delay that would move arcs":      {"a", `{params: {setDelay: 1}}`, "greater than or equal to 2"},
		"a timeout of nothing":              {"a", `{params: {timeouts: {propose: 1ms}}}`, "timeouts.propose is from 10ms"},
		"an address that is none":           {"a", `{allocations: [{address: pos1x, balance: "1"}]}`, "should match"},
		"a chain with a strange name":       {"a", `{chainID: "My Chain"}`, "should match"},
		"an access mode that shares disks":  {"a", `{storage: {accessMode: ReadWriteMany}}`, "Unsupported value"},
		"a field that does not exist":       {"a", `{validator: {}}`, "field not declared in schema"},
		"an override of one ordinal, twice": {"a", `{validators: {overrides: [{ordinal: 1, stake: "1"}, {ordinal: 1, stake: "2"}]}}`, "duplicate"},
	} {
		err := c.declare(x.name, x.spec)
		if err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: the API server answers %v, want %q", name, err, x.want)
		}
	}
}

func TestClusterRefusesChangesOfWhatTheGenesisFixed(t *testing.T) {
	t.Parallel()
	c := onCluster(t)
	const base = `{chainID: mine, faucet: {enabled: true}, allocations: [{address: %s, balance: "1"}], %s}`
	someone := chain.Address(chain.Sum([]byte("someone"))).String()
	spec := func(rest string) string { return fmt.Sprintf(base, someone, rest) }
	c.must(c.declare("demo", spec(`logLevel: info`)))
	for name, x := range map[string]struct{ spec, want string }{
		"the chain's name":             {strings.Replace(spec(`logLevel: info`), "mine", "other", 1), "chainID is part of the genesis"},
		"taking the chain's name away": {strings.Replace(spec(`logLevel: info`), "chainID: mine,", "", 1), "chainID is part of the genesis"},
		"a parameter":                  {spec(`params: {minTxs: 2}`), "params are part of the genesis"},
		"an allocation":                {strings.Replace(spec(`logLevel: info`), `balance: "1"`, `balance: "2"`, 1), "allocations are opening balances"},
		"taking allocations away":      {`{chainID: mine, faucet: {enabled: true}}`, "allocations are opening balances"},
		"the treasury":                 {spec(`treasury: {balance: "1"}`), "treasury's balance is part of the genesis"},
		"the faucet":                   {strings.Replace(spec(`logLevel: info`), "enabled: true", "enabled: false", 1), "faucet is part of the genesis"},
		"the size of volumes":          {spec(`storage: {size: 1Ti}`), "storage cannot change"},
		"the class of volumes":         {spec(`storage: {storageClassName: other}`), "storage cannot change"},
		"bringing keys afterwards":     {spec(`validators: {keysSecretRef: {name: keys}}`), "keysSecretRef cannot change"},
	} {
		err := c.declare("demo", x.spec)
		if err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: the API server answers %v, want %q", name, err, x.want)
		}
	}
	for name, rest := range map[string]string{
		"retention": `storage: {retention: Delete}`, "replicas": `validators: {replicas: 5}`, "the image": `image: {tag: v2}`, "the log level": `logLevel: debug`,
	} {
		if err := c.declare("demo", spec(rest)); err != nil {
			t.Errorf("%s may change, and the API server answers %v", name, err)
		}
	}
}

// What the operator applies is what the API server keeps, with its defaults: a second look finds nothing to write.
func TestClusterAtRestNothingIsWritten(t *testing.T) {
	t.Parallel()
	c := onCluster(t)
	writes, last := 0, ""
	counted := interceptor.NewClient(c.api, interceptor.Funcs{
		Apply: func(ctx context.Context, w client.WithWatch, o runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
			writes, last = writes+1, "apply "+o.(interface{ GetName() string }).GetName()
			return w.Apply(ctx, o, opts...)
		},
		Patch: func(ctx context.Context, w client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
			writes, last = writes+1, "patch "+o.GetName()
			return w.Patch(ctx, o, p, opts...)
		},
		Create: func(ctx context.Context, w client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			writes, last = writes+1, "create "+o.GetName()
			return w.Create(ctx, o, opts...)
		},
		SubResourcePatch: func(ctx context.Context, w client.Client, sub string, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
			writes, last = writes+1, "patch "+sub
			return w.SubResource(sub).Patch(ctx, o, p, opts...)
		},
	})
	r := c.operator(counted)
	for name, spec := range map[string]string{
		"plain": `{` + nowhere + `}`,
		"everything": `{chainID: mainnet, image: {pullPolicy: Always, pullSecrets: [registry]}, validators: {replicas: 3, keysSecretRef: {name: keys}},
  storage: {size: 50Gi, storageClassName: fast, accessMode: ReadWriteOnce, retention: Delete},
  resources: {requests: {cpu: 1000m, memory: 1024Mi}, limits: {memory: 2Gi}},
  scheduling: {nodeSelector: {posnet.dev/test: nowhere}, tolerations: [{key: dedicated, value: chain}], topologySpread: [{topologyKey: zone}]},
  service: {type: NodePort, annotations: {a: b}}, networkPolicy: {metricsFrom: {matchLabels: {team: o11y}}}, podTemplate: {labels: {team: chain}}}`,
	} {
		c.must(c.declare(name, spec))
		// Controllers and the scheduler of a real cluster work on the side, and what they change is worth telling: only
		// ten passes during which they changed nothing are a look at rest.
		c.eventually(name+" comes to rest", func() error {
			world := c.world(name)
			c.passes(r, name, 3)
			before := writes
			c.passes(r, name, 10)
			if after := c.world(name); after != world {
				return fmt.Errorf("the world went from %s to %s", world, after)
			}
			if writes != before {
				t.Errorf("%s: %d writes at rest, the last was: %s", name, writes-before, last)
			}
			return nil
		})
	}
}

// world tells the versions of what others than the operator write: it changes when they change anything.
func (c *cluster) world(name string) string {
	c.t.Helper()
	var pods corev1.PodList
	var claims corev1.PersistentVolumeClaimList
	var sets appsv1.StatefulSetList
	mine := []client.ListOption{client.InNamespace(c.namespace), client.MatchingLabels{desired.NetworkLabel: name}}
	versions := []string{}
	for _, list := range []client.ObjectList{&pods, &claims, &sets} {
		c.must(c.api.List(c.t.Context(), list, mine...))
		c.must(apimeta.EachListItem(list, func(o runtime.Object) error {
			m, err := apimeta.Accessor(o)
			if err == nil {
				versions = append(versions, m.GetName()+"@"+m.GetResourceVersion())
			}
			return err
		}))
	}
	return strings.Join(versions, " ")
}

func TestClusterMakesEveryObject(t *testing.T) {
	t.Parallel()
	c := onCluster(t)
	c.must(c.declare("demo", `{faucet: {enabled: true}, `+nowhere+`}`))
	c.passes(c.operator(c.api), "demo", 2)
	set := &appsv1.StatefulSet{}
	c.must(c.api.Get(t.Context(), c.key("demo"), set))
	if *set.Spec.Replicas != 4 || set.Spec.PodManagementPolicy != appsv1.ParallelPodManagement {
		t.Errorf("the StatefulSet is %+v", set.Spec)
	}
	budget := &policyv1.PodDisruptionBudget{}
	c.must(c.api.Get(t.Context(), c.key("demo"), budget))
	if budget.Spec.MaxUnavailable.IntValue() != 1 || *budget.Spec.UnhealthyPodEvictionPolicy != policyv1.AlwaysAllow {
		t.Errorf("the budget is %+v", budget.Spec)
	}
	for name, o := range map[string]client.Object{
		"demo-p2p": &corev1.Service{}, "demo-api": &corev1.Service{}, "demo-config": &corev1.ConfigMap{}, "demo-ceremony": &corev1.Secret{},
	} {
		if err := c.api.Get(t.Context(), c.key(name), o); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, o := range map[string]client.Object{
		"demo-genesis": &corev1.ConfigMap{}, "demo-treasury": &corev1.Secret{}, "demo-faucet": &corev1.Secret{},
	} {
		if err := c.api.Get(t.Context(), c.key(name), o); !apierrors.IsNotFound(err) {
			t.Errorf("%s exists before any pod ran: %v", name, err)
		}
	}
	// kubectl scale speaks to the scale subresource.
	n := &v1alpha1.PoSNetwork{}
	c.must(c.api.Get(t.Context(), c.key("demo"), n))
	scale := &autoscalingv1.Scale{}
	c.must(c.api.SubResource("scale").Get(t.Context(), n, scale))
	if scale.Spec.Replicas != 4 || scale.Status.Replicas != 4 || scale.Status.Selector != desired.Selector("demo") {
		t.Errorf("scale is %+v", scale)
	}
	scale.Spec.Replicas = 5
	c.must(c.api.SubResource("scale").Update(t.Context(), n, client.WithSubResourceBody(scale)))
	c.passes(c.operator(c.api), "demo", 1)
	c.must(c.api.Get(t.Context(), c.key("demo"), set))
	if *set.Spec.Replicas != 5 {
		t.Errorf("%d replicas after scaling, want 5", *set.Spec.Replicas)
	}
}

func TestClusterKeepsWhatOthersAddAndTakesBackItsOwn(t *testing.T) {
	t.Parallel()
	c := onCluster(t)
	c.must(c.declare("demo", `{`+nowhere+`}`))
	r := c.operator(c.api)
	c.passes(r, "demo", 2)
	service := &corev1.Service{}
	c.must(c.api.Get(t.Context(), c.key("demo-api"), service))
	old := service.DeepCopy()
	service.Annotations["example.org/mine"] = "yes"
	service.Spec.Ports = append(service.Spec.Ports, corev1.ServicePort{Name: "mine", Port: 81})
	service.Spec.Selector[desired.NetworkLabel] = "drifted"
	c.must(c.api.Patch(t.Context(), service, client.MergeFrom(old), client.FieldOwner("somebody")))
	service.Spec.Selector["app.kubernetes.io/instance"] = "drifted"
	c.must(c.api.Update(t.Context(), service, client.FieldOwner("somebody")))
	c.passes(r, "demo", 1)
	c.must(c.api.Get(t.Context(), c.key("demo-api"), service))
	if service.Annotations["example.org/mine"] != "yes" || len(service.Spec.Ports) != 2 {
		t.Errorf("what somebody added is gone: %v %+v", service.Annotations, service.Spec.Ports)
	}
	if got := service.Spec.Selector["app.kubernetes.io/instance"]; got != "demo" {
		t.Errorf("what the operator owns has drifted: %s", got)
	}
}

// The generated rules are all the operator needs.
func TestClusterRolesAreEnough(t *testing.T) {
	t.Parallel()
	c := onCluster(t)
	for _, u := range c.manifests("../config/rbac/role.yaml") {
		if u.GetKind() != "ClusterRole" {
			continue
		}
		// As a Role in the test's namespace, so that parallel runs do not share it.
		role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "operator", Namespace: c.namespace}}
		text, err := u.MarshalJSON()
		c.must(err)
		var rules rbacv1.ClusterRole
		c.must(yaml.Unmarshal(text, &rules))
		role.Rules = rules.Rules
		c.must(c.api.Create(t.Context(), role))
	}
	c.must(c.api.Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "operator", Namespace: c.namespace},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "operator"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: "operator", Namespace: c.namespace}},
	}))
	limited := rest.CopyConfig(c.config)
	limited.Impersonate = rest.ImpersonationConfig{UserName: "system:serviceaccount:" + c.namespace + ":operator"}
	api, err := client.NewWithWatch(limited, client.Options{Scheme: scheme()})
	c.must(err)
	c.must(c.declare("demo", `{faucet: {enabled: true}, `+nowhere+`}`))
	r := c.operator(api)
	c.eventually("the rights take effect", func() error {
		_, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: c.key("demo")})
		return err
	})
	c.passes(r, "demo", 2)
	n := &v1alpha1.PoSNetwork{}
	c.must(c.api.Get(t.Context(), c.key("demo"), n))
	for _, condition := range n.Status.Conditions {
		if condition.Type == v1alpha1.ConditionDegraded && condition.Status == metav1.ConditionTrue {
			t.Errorf("degraded under the generated rules: %s", condition.Message)
		}
	}
	// What a ceremony and a change of retention need, too.
	p := newPass(n)
	if _, err := r.ensureAccount(t.Context(), p, desired.TreasuryName("demo")); err != nil {
		t.Errorf("make the treasury: %v", err)
	}
	n.Spec.Storage.Retention = v1alpha1.DeleteData
	if err := r.ensureRetention(t.Context(), p); err != nil {
		t.Errorf("own the treasury: %v", err)
	}
	c.must(c.declare("demo", `{faucet: {enabled: true}, networkPolicy: {enabled: false}, `+nowhere+`}`))
	c.passes(r, "demo", 2)
	var secrets corev1.SecretList
	if err := api.List(t.Context(), &secrets, client.InNamespace(c.namespace)); !apierrors.IsForbidden(err) {
		t.Errorf("the operator may list Secrets: %v", err)
	}
}

// A manager runs the reconciler on watches alone.
func TestClusterManagerReactsToChanges(t *testing.T) {
	t.Parallel()
	c := onCluster(t)
	mgr, err := ctrl.NewManager(c.config, ctrl.Options{
		Scheme: scheme(), Metrics: metricsserver.Options{BindAddress: "0"}, Cache: cache.Options{DefaultNamespaces: map[string]cache.Config{c.namespace: {}}},
	})
	c.must(err)
	r := New(mgr, silent{}, Config{Image: "posnet:test", Namespace: "posnet-system", ClusterDomain: "cluster.local", PollInterval: time.Hour, SkipNameValidation: true})
	c.must(r.SetupWithManager(mgr))
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-stopped; err != nil {
			t.Errorf("the manager ended with %v", err)
		}
	})
	c.must(c.declare("demo", `{`+nowhere+`}`))
	set := &appsv1.StatefulSet{}
	c.eventually("a StatefulSet is made", func() error { return c.api.Get(t.Context(), c.key("demo"), set) })
	c.must(c.api.Delete(t.Context(), &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "demo-p2p", Namespace: c.namespace}}))
	c.eventually("a deleted Service comes back", func() error { return c.api.Get(t.Context(), c.key("demo-p2p"), &corev1.Service{}) })
	c.must(c.declare("demo", `{validators: {replicas: 5}, `+nowhere+`}`))
	c.eventually("a change of replicas arrives", func() error {
		c.must(c.api.Get(t.Context(), c.key("demo"), set))
		if *set.Spec.Replicas != 5 {
			return fmt.Errorf("%d replicas", *set.Spec.Replicas)
		}
		return nil
	})
}
