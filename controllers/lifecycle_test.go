package controllers

import (
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/posnet/posnet/api/v1alpha1"
	"github.com/posnet/posnet/controllers/desired"
	"github.com/posnet/posnet/node/chain"
)

func TestANetworkComesToLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `{faucet: {enabled: true}}`)
	w.untilReady(w.operator())
	status := w.network().Status
	for field, got := range map[string][2]string{
		"genesisHash":     {status.GenesisHash, w.onlyGenesis()},
		"chainID":         {status.ChainID, "demo.default"},
		"image":           {status.Image, "posnet:v1"},
		"totalStake":      {string(status.TotalStake), "4000"},
		"onlineStake":     {string(status.OnlineStake), "4000"},
		"onlineShare":     {status.OnlineShare, "100%"},
		"readyValidators": {status.ReadyValidators, "4/4"},
	} {
		if got[0] != got[1] {
			t.Errorf("status.%s is %q, want %q", field, got[0], got[1])
		}
	}
	if len(status.Validators) != 4 || status.Validators[2].Share != "25.00%" || status.Validators[2].State != "Running" || status.Validators[2].Stake != "1000" {
		t.Errorf("validators are %+v", status.Validators)
	}
	// The genesis is of the keys the pods made, and of the accounts whose keys are stored.
	treasury := &corev1.Secret{}
	if !w.get(desired.TreasuryName(testName), treasury) {
		t.Fatal("there is no treasury")
	}
	g := w.disks[desired.ClaimName(testName, 0)].genesis
	for _, b := range g.Bonds {
		if b.Staker.String() != string(treasury.Data[desired.AddressKey]) {
			t.Errorf("bond of %s, want the treasury's", b.Staker)
		}
	}
	for claim, d := range w.disks {
		found := false
		for _, v := range g.Validators {
			found = found || v.Address == chain.Address(d.account.Public())
		}
		if !found {
			t.Errorf("the validator on %s is not in the genesis", claim)
		}
	}
}

// onlyGenesis is the hash of the one genesis there ever was.
func (w *world) onlyGenesis() string {
	w.t.Helper()
	if len(w.stored) != 1 || len(w.adopted) > 1 {
		w.t.Fatalf("geneses stored %v, adopted %v; want one", w.stored, w.adopted)
	}
	for h := range w.stored {
		if len(w.adopted) == 1 && !w.adopted[h] {
			w.t.Fatalf("stored %v, and nodes started from %v", w.stored, w.adopted)
		}
		return h
	}
	return ""
}

func TestAtRestNothingIsWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `{faucet: {enabled: true}, service: {annotations: {a: b}}}`)
	r := w.operator()
	w.untilReady(r)
	w.must(w.pass(r))
	version, writes := w.network().ResourceVersion, w.writes
	for range 50 {
		w.clock = w.clock.Add(5 * time.Second) // the height moves by 5
		w.must(w.pass(r))
	}
	if got := w.network().ResourceVersion; got != version || w.writes != writes {
		t.Errorf("%d writes at rest; resource version %s, then %s", w.writes-writes, version, got)
	}
	w.clock = w.clock.Add(2 * time.Minute) // now more than five minutes
	w.must(w.pass(r))
	w.must(w.pass(r))
	if w.writes != writes+1 {
		t.Errorf("%d writes after five minutes, want one with the new height", w.writes-writes)
	}
	if got := w.network().Status.Height; got != int64(w.height()) {
		t.Errorf("height %d in status, want %d", got, w.height())
	}
}

func TestANewOperatorRestartsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `{}`)
	w.untilReady(w.operator())
	writes, template := w.writes, w.set().Spec.Template.Spec.Containers[0].Image
	newer := w.operator()
	newer.Config.Image = "posnet:v2"
	for range 5 {
		w.must(w.pass(newer))
		w.kubernetes()
	}
	if got := w.set().Spec.Template.Spec.Containers[0].Image; got != template || w.writes != writes {
		t.Errorf("image %s, then %s; %d writes by a newer operator", template, got, w.writes-writes)
	}
	// Not even if it renders another template of the same spec, which an older one is made to look like here.
	set := w.set()
	set.Annotations[desired.TemplateHashAnnotation] = "of an older version"
	set.Spec.Template.Spec.Containers[0].Args = []string{"node", "--older"}
	w.must(w.api.Update(t.Context(), set))
	for range 5 {
		w.must(w.pass(newer))
	}
	if got := w.set().Spec.Template.Spec.Containers[0].Args[1]; got != "--older" {
		t.Errorf("the template was replaced: %s", got)
	}
	// It still scales what it does not restart.
	w.edit(func(n *v1alpha1.PoSNetwork) { five := int32(5); n.Spec.Validators.Replicas = &five })
	w.must(w.pass(newer))
	if got := *w.set().Spec.Replicas; got != 5 {
		t.Errorf("%d replicas, want 5", got)
	}
	// And what the owner changes takes the new template as a whole.
	w.edit(func(n *v1alpha1.PoSNetwork) { n.Spec.Image.Tag = "v3" })
	w.must(w.pass(newer))
	c := w.set().Spec.Template.Spec.Containers[0]
	if c.Image != "posnet:v3" || c.Args[1] == "--older" {
		t.Errorf("image %s, args %v after the owner's change", c.Image, c.Args)
	}
}

func TestANewImageRollsOneValidatorAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `{}`)
	r := w.operator()
	w.untilReady(r)
	w.edit(func(n *v1alpha1.PoSNetwork) { n.Spec.Image.Tag = "v2" })
	away := func() (n int) {
		for i := range int32(4) {
			pod := &corev1.Pod{}
			if !w.get(desired.PodName(testName, i), pod) || pod.Status.Conditions[0].Status != corev1.ConditionTrue {
				n++
			}
		}
		return n
	}
	updated := func() (list []int32) {
		for i := range int32(4) {
			pod := &corev1.Pod{}
			if w.get(desired.PodName(testName, i), pod) && pod.Spec.Containers[0].Image == "posnet:v2" {
				list = append(list, i)
			}
		}
		return list
	}
	last := 0
	for range 30 {
		w.must(w.pass(r))
		w.kubernetes()
		if away() > 1 {
			t.Fatalf("%d validators are away at once", away())
		}
		if now := updated(); len(now) > last+1 || (len(now) > 0 && now[0] != int32(4-len(now))) {
			t.Fatalf("updated %v after %d; want the highest first, one by one", now, last)
		} else {
			last = len(now)
		}
	}
	if last != 4 || w.condition(v1alpha1.ConditionReady).Status != metav1.ConditionTrue {
		t.Errorf("%d of 4 updated; Ready is %+v", last, w.condition(v1alpha1.ConditionReady))
	}
	if got := *w.set().Spec.UpdateStrategy.RollingUpdate.Partition; got != 4 {
		t.Errorf("partition %d when all is done, want 4: nothing may move", got)
	}
}

func TestPodsAddedLaterFollowWithoutStake(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `{}`)
	r := w.operator()
	w.untilReady(r)
	hash := w.onlyGenesis()
	w.edit(func(n *v1alpha1.PoSNetwork) { six := int32(6); n.Spec.Validators.Replicas = &six })
	w.must(w.pass(r))
	w.untilReady(r)
	status := w.network().Status
	if len(status.Validators) != 6 || status.Validators[5].Stake != "0" || status.ReadyValidators != "6/6" || w.onlyGenesis() != hash {
		t.Errorf("status is %+v", status)
	}
	if c := w.condition(v1alpha1.ConditionStakeSynced); c.Status != metav1.ConditionFalse || !strings.Contains(c.Message, "validator 5 has 0 POS of 1000") {
		t.Errorf("StakeSynced is %+v", c)
	}
	// And they may go again.
	w.edit(func(n *v1alpha1.PoSNetwork) { four := int32(4); n.Spec.Validators.Replicas = &four })
	w.must(w.pass(r))
	w.untilReady(r)
	if got := *w.set().Spec.Replicas; got != 4 {
		t.Errorf("%d replicas, want 4", got)
	}
}

func TestShrinkingBelowTheQuorumIsRefusedWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `{}`)
	r := w.operator()
	w.untilReady(r)
	w.edit(func(n *v1alpha1.PoSNetwork) { two := int32(2); n.Spec.Validators.Replicas = &two })
	for range 3 {
		w.must(w.pass(r))
		w.kubernetes()
	}
	if got := *w.set().Spec.Replicas; got != 4 {
		t.Errorf("%d replicas, want all 4 kept", got)
	}
	status := w.network().Status
	c := w.condition(v1alpha1.ConditionProgressing)
	if c.Reason != v1alpha1.ReasonScaleDownRefused || status.Replicas != 4 {
		t.Errorf("Progressing is %+v, status.replicas %d", c, status.Replicas)
	}
	writes := w.writes
	for range 5 {
		w.must(w.pass(r))
	}
	if w.writes != writes {
		t.Errorf("%d writes while a refusal stands", w.writes-writes)
	}
	w.edit(func(n *v1alpha1.PoSNetwork) { four := int32(4); n.Spec.Validators.Replicas = &four })
	w.untilReady(r)
}

func TestRetentionDecidesWhatGoesWithTheNetwork(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `{faucet: {enabled: true}}`)
	r := w.operator()
	w.untilReady(r)
	owners := func() (n int) {
		for name, o := range map[string]client.Object{
			desired.GenesisName(testName): &corev1.ConfigMap{}, desired.TreasuryName(testName): &corev1.Secret{}, desired.FaucetName(testName): &corev1.Secret{},
		} {
			if !w.get(name, o) {
				t.Fatalf("%s is gone", name)
			}
			n += len(o.GetOwnerReferences())
		}
		return n
	}
	if got := owners(); got != 0 {
		t.Errorf("%d owners of what must be retained", got)
	}
	w.edit(func(n *v1alpha1.PoSNetwork) { n.Spec.Storage.Retention = v1alpha1.DeleteData })
	w.must(w.pass(r))
	if got := owners(); got != 3 {
		t.Errorf("%d of 3 objects go with the network", got)
	}
	if got := w.set().Spec.PersistentVolumeClaimRetentionPolicy.WhenDeleted; got != "Delete" {
		t.Errorf("volumes are to %s", got)
	}
	w.edit(func(n *v1alpha1.PoSNetwork) { n.Spec.Storage.Retention = v1alpha1.RetainData })
	w.must(w.pass(r))
	if got := owners(); got != 0 {
		t.Errorf("%d owners of what must be retained again", got)
	}
}

func TestARecreatedNetworkTakesUpItsChain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `{}`)
	w.untilReady(w.operator())
	hash := w.onlyGenesis()
	// The network goes; the garbage collector takes what it owned, and the volumes, genesis and treasury stay.
	old := w.network()
	spec := old.Spec
	w.must(w.api.Delete(t.Context(), old))
	w.collectGarbage(old)
	w.must(w.api.Create(t.Context(), &v1alpha1.PoSNetwork{
		ObjectMeta: metav1.ObjectMeta{Name: testName, Namespace: testNamespace, UID: w.uid(), Generation: 1, CreationTimestamp: metav1.NewTime(w.clock.Add(time.Hour))},
		Spec:       spec,
	}))
	w.untilReady(w.operator())
	if got := w.onlyGenesis(); got != hash || w.network().Status.GenesisHash != hash || len(w.accounts) != 1 {
		t.Errorf("genesis %s, want %s; treasuries %v", got, hash, w.accounts)
	}
}

func TestAKeptChainOfAnotherSpecIsPointedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `{}`)
	r := w.operator()
	w.untilReady(r)
	w.edit(func(n *v1alpha1.PoSNetwork) { n.Spec.ChainID = "other" }) // as a recreated network would declare it
	w.must(w.pass(r))
	if c := w.condition(v1alpha1.ConditionDegraded); c.Reason != v1alpha1.ReasonGenesisMismatch {
		t.Errorf("Degraded is %+v", c)
	}
}

func TestAnObjectOfSomebodyElseIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `{}`)
	theirs := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: desired.ConfigName(testName), Namespace: testNamespace}, Data: map[string]string{"a": "b"}}
	w.must(w.api.Create(t.Context(), theirs))
	r := w.operator()
	for range 3 {
		w.must(w.pass(r))
	}
	if c := w.condition(v1alpha1.ConditionDegraded); c.Reason != v1alpha1.ReasonConflict || !strings.Contains(c.Message, theirs.Name) {
		t.Errorf("Degraded is %+v", c)
	}
	w.get(theirs.Name, theirs)
	if len(theirs.Data) != 1 || theirs.Data["a"] != "b" {
		t.Errorf("it was changed: %v", theirs.Data)
	}
	w.must(w.api.Delete(t.Context(), theirs))
	w.untilReady(r)
}

func TestADriftIsPutRightAndAdditionsStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `{}`)
	r := w.operator()
	w.untilReady(r)
	service := &corev1.Service{}
	w.get(desired.APIServiceName(testName), service)
	service.Spec.Ports[0].Port = 80
	service.Annotations["mine"] = "yes"
	w.must(w.api.Update(t.Context(), service))
	w.must(w.pass(r))
	w.get(desired.APIServiceName(testName), service)
	found := false
	for _, p := range service.Spec.Ports {
		found = found || p.Port == desired.APIPort
	}
	if !found || service.Annotations["mine"] != "yes" {
		t.Errorf("ports %+v, annotations %v", service.Spec.Ports, service.Annotations)
	}
}

// collectGarbage deletes what the network owned, as the garbage collector does, and the pods of its StatefulSet.
func (w *world) collectGarbage(n *v1alpha1.PoSNetwork) {
	w.t.Helper()
	for _, list := range []client.ObjectList{
		&appsv1.StatefulSetList{}, &corev1.ServiceList{}, &corev1.ConfigMapList{}, &corev1.SecretList{}, &corev1.ServiceAccountList{},
		&policyv1.PodDisruptionBudgetList{}, &networkingv1.NetworkPolicyList{}, &corev1.PodList{},
	} {
		w.must(w.api.List(w.t.Context(), list, client.InNamespace(testNamespace)))
		w.must(apimeta.EachListItem(list, func(o runtime.Object) error {
			object := o.(client.Object)
			_, pod := o.(*corev1.Pod)
			if pod || metav1.IsControlledBy(object, n) {
				return w.api.Delete(w.t.Context(), object)
			}
			return nil
		}))
	}
}
