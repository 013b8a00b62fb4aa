package controllers

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/yaml"

	"github.com/posnet/posnet/api/v1alpha1"
	"github.com/posnet/posnet/controllers/chainclient"
	"github.com/posnet/posnet/controllers/desired"
	"github.com/posnet/posnet/controllers/policy"
	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

// world is a cluster in memory: the API server, what the StatefulSet controller and the kubelet do with it, and nodes with
// disks. Everything moves when the test says so.
type world struct {
	t     *testing.T
	api   client.WithWatch
	clock time.Time
	// Tell before and after every call of an operator to the API; what they return is the call's error.
	before, after func(call string) error
	writes        int

	mu sync.Mutex
	// live are the pods as of the last change of them: asking a node is the most frequent thing here, and the API in
	// memory is slow at lists.
	live  []corev1.Pod
	stale bool

	disks map[string]*disk // by volume claim
	down  map[string]bool  // nodes that do not answer, by host
	next  int              // for addresses and UIDs

	// History, for properties that hold over all time.
	stored   map[string]bool // hashes of all geneses that were ever in the ConfigMap
	adopted  map[string]bool // hashes of all geneses that any node ever started from
	accounts map[string]bool // addresses of all keys ever stored as treasury
}

// disk is what survives of a node on its volume.
type disk struct {
	account, consensus, vrf, peer keys.PrivateKey
	genesis                       *chain.Genesis
	file                          []byte
}

const (
	testNamespace = "default"
	testName      = "demo"
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(m.Run())
}

// scheme knows only what is used: the API in memory goes through all of it again and again.
func scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, policyv1.AddToScheme, networkingv1.AddToScheme, rbacv1.AddToScheme, autoscalingv1.AddToScheme,
		v1alpha1.AddToScheme,
	} {
		if err := add(s); err != nil {
			panic(err)
		}
	}
	return s
}

// newWorld has one network, declared as a user writes it.
func newWorld(t *testing.T, spec string) *world {
	t.Helper()
	w := &world{
		t: t, clock: time.Unix(1_700_000_000, 0), disks: map[string]*disk{}, down: map[string]bool{},
		stored: map[string]bool{}, adopted: map[string]bool{}, accounts: map[string]bool{},
	}
	// Types are deduced: merging lists by key, as a real API server does, is for the tests with a real one.
	changed := func(o client.Object) {
		if _, ok := o.(*corev1.Pod); ok {
			w.mu.Lock()
			w.stale = true
			w.mu.Unlock()
		}
	}
	w.api = fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			defer changed(o)
			return c.Create(ctx, o, opts...)
		},
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			defer changed(o)
			return c.Delete(ctx, o, opts...)
		},
	}).WithScheme(scheme()).WithTypeConverters(managedfields.NewDeducedTypeConverter()).
		WithStatusSubresource(&v1alpha1.PoSNetwork{}, &appsv1.StatefulSet{}, &corev1.Pod{}, &corev1.PersistentVolumeClaim{}).Build()
	n := &v1alpha1.PoSNetwork{ObjectMeta: metav1.ObjectMeta{
		Name: testName, Namespace: testNamespace, UID: w.uid(), Generation: 1, CreationTimestamp: metav1.NewTime(w.clock),
	}}
	if err := yaml.UnmarshalStrict([]byte(spec), &n.Spec); err != nil {
		t.Fatalf("read the spec of the test: %v", err)
	}
	w.must(w.api.Create(t.Context(), n))
	return w
}

func (w *world) uid() types.UID {
	w.next++
	return types.UID(fmt.Sprintf("00000000-0000-0000-0000-%012d", w.next))
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// operator is a new process without memory.
func (w *world) operator() *Reconciler {
	c := interceptor.NewClient(w.api, w.hooks())
	return &Reconciler{
		Client: c, Reader: c, Nodes: w, Events: events.NewFakeRecorder(1000),
		Config: Config{Image: "posnet:v1", Namespace: "posnet-system", ClusterDomain: "cluster.local", PollInterval: 15 * time.Second},
		Now:    func() time.Time { return w.clock },
	}
}

// hooks count writes and let tests fail any call, before its effect or after it.
func (w *world) hooks() interceptor.Funcs {
	call := func(name string, write bool, do func() error) error {
		if w.before != nil {
			if err := w.before(name); err != nil {
				return err
			}
		}
		if write {
			w.writes++
		}
		err := do()
		if err == nil && w.after != nil {
			err = w.after(name)
		}
		return err
	}
	return interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			return call(fmt.Sprintf("get %T %s", o, key.Name), false, func() error { return c.Get(ctx, key, o, opts...) })
		},
		List: func(ctx context.Context, c client.WithWatch, l client.ObjectList, opts ...client.ListOption) error {
			return call(fmt.Sprintf("list %T", l), false, func() error { return c.List(ctx, l, opts...) })
		},
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			return call(fmt.Sprintf("create %T %s", o, o.GetName()), true, func() error { return c.Create(ctx, o, opts...) })
		},
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
			return call(fmt.Sprintf("patch %T %s", o, o.GetName()), true, func() error { return c.Patch(ctx, o, p, opts...) })
		},
		Apply: func(ctx context.Context, c client.WithWatch, o runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
			return call("apply", true, func() error { return c.Apply(ctx, o, opts...) })
		},
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			return call("delete "+o.GetName(), true, func() error { return c.Delete(ctx, o, opts...) })
		},
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
			return call("patch "+sub, true, func() error { return c.SubResource(sub).Patch(ctx, o, p, opts...) })
		},
	}
}

var request = reconcile.Request{NamespacedName: types.NamespacedName{Namespace: testNamespace, Name: testName}}

// pass lets an operator take one look; its error is returned, for tests that cause one.
func (w *world) pass(r *Reconciler) error {
	_, err := r.Reconcile(w.t.Context(), request)
	w.record()
	return err
}

// live passes and lets Kubernetes act until the network is Ready.
func (w *world) untilReady(r *Reconciler) {
	w.t.Helper()
	for range 40 {
		w.must(w.pass(r))
		w.kubernetes()
		if w.condition(v1alpha1.ConditionReady).Status == metav1.ConditionTrue {
			return
		}
	}
	w.t.Fatalf("the network does not become Ready: %+v", w.network().Status.Conditions)
}

func (w *world) network() *v1alpha1.PoSNetwork {
	w.t.Helper()
	n := &v1alpha1.PoSNetwork{}
	w.must(w.api.Get(w.t.Context(), request.NamespacedName, n))
	return n
}

func (w *world) condition(kind string) metav1.Condition {
	w.t.Helper()
	if c := apimeta.FindStatusCondition(w.network().Status.Conditions, kind); c != nil {
		return *c
	}
	return metav1.Condition{}
}

func (w *world) edit(change func(*v1alpha1.PoSNetwork)) {
	w.t.Helper()
	n := w.network()
	change(n)
	n.Generation++
	w.must(w.api.Update(w.t.Context(), n))
}

// get reads an object of the network; false if there is none.
func (w *world) get(name string, o client.Object) bool {
	w.t.Helper()
	err := w.api.Get(w.t.Context(), client.ObjectKey{Namespace: testNamespace, Name: name}, o)
	if apierrors.IsNotFound(err) {
		return false
	}
	w.must(err)
	return true
}

func (w *world) set() *appsv1.StatefulSet {
	w.t.Helper()
	s := &appsv1.StatefulSet{}
	if !w.get(testName, s) {
		w.t.Fatal("there is no StatefulSet")
	}
	return s
}

// kubernetes does what the StatefulSet controller, the volume provisioner, the scheduler and the kubelet would do.
func (w *world) kubernetes() {
	w.t.Helper()
	ctx := w.t.Context()
	s := &appsv1.StatefulSet{}
	if !w.get(testName, s) {
		return
	}
	revision := s.Annotations[desired.TemplateHashAnnotation]
	if s.Status.CurrentRevision == "" {
		s.Status.CurrentRevision = revision
	}
	s.Status.UpdateRevision, s.Status.ObservedGeneration = revision, s.Generation
	partition := *s.Spec.UpdateStrategy.RollingUpdate.Partition
	updated := int32(0)
	var pods corev1.PodList
	w.must(w.api.List(ctx, &pods, client.InNamespace(testNamespace), client.MatchingLabels(desired.SelectorLabels(testName))))
	for i := range pods.Items {
		p := &pods.Items[i]
		ordinal, _ := desired.Ordinal(testName, p.Name)
		old := p.Labels[appsv1.ControllerRevisionHashLabelKey] != revision
		if ordinal >= *s.Spec.Replicas || (old && ordinal >= partition) {
			w.must(w.api.Delete(ctx, p))
		} else if !old {
			updated++
		}
	}
	for ordinal := range *s.Spec.Replicas {
		w.startPod(s, ordinal, partition)
	}
	if updated == *s.Spec.Replicas {
		s.Status.CurrentRevision = revision
	}
	s.Status.Replicas, s.Status.UpdatedReplicas = *s.Spec.Replicas, updated
	w.must(w.api.Status().Update(ctx, s))
	w.kubelet()
}

func (w *world) startPod(s *appsv1.StatefulSet, ordinal, partition int32) {
	w.t.Helper()
	ctx := w.t.Context()
	claim := desired.ClaimName(testName, ordinal)
	if !w.get(claim, &corev1.PersistentVolumeClaim{}) {
		w.must(w.api.Create(ctx, &corev1.PersistentVolumeClaim{
			ObjectMeta: metav1.ObjectMeta{Name: claim, Namespace: testNamespace, Labels: desired.Labels(testName)},
			Status:     corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimBound},
		}))
		w.disks[claim] = w.newDisk()
	}
	if w.get(desired.PodName(testName, ordinal), &corev1.Pod{}) {
		return
	}
	revision := s.Status.UpdateRevision
	if ordinal < partition {
		revision = s.Status.CurrentRevision
	}
	w.next++
	yes := true
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: desired.PodName(testName, ordinal), Namespace: testNamespace, UID: w.uid(), Labels: map[string]string{},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: s.Name, UID: s.UID, Controller: &yes}},
		},
		Spec: s.Spec.Template.Spec,
		Status: corev1.PodStatus{
			Phase: corev1.PodRunning, PodIP: fmt.Sprintf("10.0.%d.%d", w.next/256, w.next%256),
		},
	}
	for k, v := range s.Spec.Template.Labels {
		pod.Labels[k] = v
	}
	pod.Labels[appsv1.ControllerRevisionHashLabelKey] = revision
	w.must(w.api.Create(ctx, pod))
	// A pod that starts sees the ConfigMap as it is now; one that runs, when it is annotated.
	w.adopt(claim)
}

// kubelet refreshes the volumes of annotated pods and runs readiness probes.
func (w *world) kubelet() {
	w.t.Helper()
	var pods corev1.PodList
	w.must(w.api.List(w.t.Context(), &pods, client.InNamespace(testNamespace)))
	for i := range pods.Items {
		p := &pods.Items[i]
		ordinal, _ := desired.Ordinal(testName, p.Name)
		claim := desired.ClaimName(testName, ordinal)
		if p.Annotations[desired.GenesisHashAnnotation] != "" {
			w.adopt(claim)
		}
		status := corev1.ConditionFalse
		if d := w.disks[claim]; d.genesis != nil && !w.down[p.Status.PodIP] {
			status = corev1.ConditionTrue
		}
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: status}}
		w.must(w.api.Status().Update(w.t.Context(), p))
	}
}

// adopt lets a node that waits start from the genesis that is there. It keeps its own copy and takes no other ever after.
func (w *world) adopt(claim string) {
	stored := &corev1.ConfigMap{}
	d := w.disks[claim]
	if d.genesis != nil || !w.get(desired.GenesisName(testName), stored) {
		return
	}
	g, err := chain.ParseGenesis([]byte(stored.Data[desired.GenesisFile]))
	if err != nil {
		return
	}
	d.genesis, d.file = g, []byte(stored.Data[desired.GenesisFile])
	w.adopted[g.Hash().String()] = true
}

// record notes what must never be more than one.
func (w *world) record() {
	w.t.Helper()
	stored := &corev1.ConfigMap{}
	if w.get(desired.GenesisName(testName), stored) {
		if g, err := chain.ParseGenesis([]byte(stored.Data[desired.GenesisFile])); err == nil {
			w.stored[g.Hash().String()] = true
		}
	}
	s := &corev1.Secret{}
	if w.get(desired.TreasuryName(testName), s) {
		w.accounts[string(s.Data[desired.AddressKey])] = true
	}
}

func (w *world) newDisk() *disk {
	d := &disk{}
	for _, k := range []*keys.PrivateKey{&d.account, &d.consensus, &d.vrf, &d.peer} {
		key, err := keys.Generate(nil)
		w.must(err)
		*k = key
	}
	return d
}

func (d *disk) identity(uid string, ordinal int32) chain.Identity {
	id := chain.Identity{NetworkUID: uid, Ordinal: uint64(ordinal), Address: d.account.Public(), Keys: chain.ValidatorKeys{
		Consensus: d.consensus.Public(), VRF: d.vrf.Public(), Peer: d.peer.Public(),
	}}
	m := chain.IdentityMessage(&id)
	id.AccountProof, id.ConsensusProof, id.VRFProof, id.PeerProof = d.account.Sign(m), d.consensus.Sign(m), d.vrf.Sign(m), d.peer.Sign(m)
	return id
}

var errDown = errors.New("connection refused")

// running are the pods that exist.
func (w *world) running() ([]corev1.Pod, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stale {
		var pods corev1.PodList
		if err := w.api.List(context.Background(), &pods, client.InNamespace(testNamespace)); err != nil {
			return nil, err
		}
		w.live, w.stale = pods.Items, false
	}
	return w.live, nil
}

// host finds the node behind an address, as the network would.
func (w *world) host(host string) (*disk, int32, error) {
	pods, err := w.running()
	if err != nil {
		return nil, 0, err
	}
	for i := range pods {
		if p := &pods[i]; p.Status.PodIP == host && !w.down[host] {
			ordinal, _ := desired.Ordinal(testName, p.Name)
			return w.disks[desired.ClaimName(testName, ordinal)], ordinal, nil
		}
	}
	return nil, 0, errDown
}

// The methods of Nodes.

func (w *world) Node(_ context.Context, host string) (chainclient.Node, error) {
	d, ordinal, err := w.host(host)
	if err != nil {
		return chainclient.Node{}, err
	}
	n := chainclient.Node{Version: "v1", State: policy.StateAwaitingGenesis, Ordinal: uint64(ordinal), Address: d.account.Public()}
	if d.genesis != nil {
		n.State, n.GenesisHash, n.ChainID, n.Height = policy.StateRunning, d.genesis.Hash().String(), d.genesis.ChainID, w.height()
	}
	return n, nil
}

// height moves with the clock, a block a second.
func (w *world) height() uint64 { return uint64(w.clock.Unix() - 1_700_000_000) }

func (w *world) online(g *chain.Genesis) map[chain.Address]bool {
	online := map[chain.Address]bool{}
	pods, err := w.running()
	if err != nil {
		return nil
	}
	for i := range pods {
		p := &pods[i]
		ordinal, _ := desired.Ordinal(testName, p.Name)
		d := w.disks[desired.ClaimName(testName, ordinal)]
		if d.genesis != nil && d.genesis.Hash() == g.Hash() && !w.down[p.Status.PodIP] {
			online[d.account.Public()] = true
		}
	}
	return online
}

func (w *world) Validators(_ context.Context, host string) (chainclient.Validators, error) {
	d, _, err := w.host(host)
	if err != nil || d.genesis == nil {
		return chainclient.Validators{}, errors.Join(err, errDown)
	}
	online := w.online(d.genesis)
	v := chainclient.Validators{Height: w.height()}
	stakes := map[chain.Address]uint64{}
	for _, b := range d.genesis.Bonds {
		stakes[b.Validator] += b.Amount
		v.TotalStake += b.Amount
	}
	for _, one := range d.genesis.Validators {
		v.Validators = append(v.Validators, chainclient.Validator{
			Address: one.Address, Stake: stakes[one.Address], Bonded: stakes[one.Address], Online: online[one.Address],
		})
	}
	return v, nil
}

func (w *world) Status(ctx context.Context, host string) (chainclient.Status, error) {
	v, err := w.Validators(ctx, host)
	if err != nil {
		return chainclient.Status{}, err
	}
	s := chainclient.Status{Height: v.Height, TotalStake: v.TotalStake}
	for _, one := range v.Validators {
		if one.Online {
			s.OnlineStake += one.Stake
		}
	}
	return s, nil
}

// Attest answers as a node does and checks as chainclient does.
func (w *world) Attest(ctx context.Context, host string, secret []byte, networkUID string, ordinal int32) (chain.Identity, error) {
	d, own, err := w.host(host)
	if err != nil {
		return chain.Identity{}, err
	}
	s := &corev1.Secret{}
	if err := w.api.Get(ctx, client.ObjectKey{Namespace: testNamespace, Name: desired.CeremonyName(testName)}, s); err != nil {
		return chain.Identity{}, err
	}
	mounted, err := base64.StdEncoding.DecodeString(string(s.Data[desired.CeremonyKey]))
	if err != nil {
		return chain.Identity{}, err
	}
	id := d.identity(networkUID, own)
	nonce := make([]byte, chain.NonceBytes)
	a := chain.Attest(mounted, nonce, &id)
	if err := errors.Join(a.Check(secret, nonce), chainclient.CheckIdentity(&a.Identity, networkUID, ordinal)); err != nil {
		return chain.Identity{}, fmt.Errorf("%w: %w", chainclient.ErrRefused, err)
	}
	return a.Identity, nil
}

func (w *world) Genesis(_ context.Context, host string, want chain.Hash) (*chain.Genesis, []byte, error) {
	d, _, err := w.host(host)
	if err != nil || d.genesis == nil || d.genesis.Hash() != want {
		return nil, nil, errors.Join(err, errDown)
	}
	return d.genesis, d.file, nil
}
