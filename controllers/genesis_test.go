package controllers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/posnet/posnet/api/v1alpha1"
	"github.com/posnet/posnet/controllers/desired"
	"github.com/posnet/posnet/node/chain"
)

var errInjected = errors.New("injected")

// loseGenesis deletes the genesis ConfigMap; loseStatus empties the status.
func (w *world) loseGenesis() {
	w.t.Helper()
	w.must(client.IgnoreNotFound(w.api.Delete(w.t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: desired.GenesisName(testName), Namespace: testNamespace},
	})))
}

func (w *world) loseStatus() {
	w.t.Helper()
	n := w.network()
	n.Status = v1alpha1.PoSNetworkStatus{}
	w.must(w.api.Status().Update(w.t.Context(), n))
}

func (w *world) killPod(ordinal int32) {
	w.t.Helper()
	w.must(client.IgnoreNotFound(w.api.Delete(w.t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: desired.PodName(testName, ordinal), Namespace: testNamespace},
	})))
}

// calls counts what an operator asks of the API until a network is Ready.
func calls(t *testing.T) int {
	w := newWorld(t, `{faucet: {enabled: true}, validators: {replicas: 2}}`)
	n := 0
	w.before = func(string) error { n++; return nil }
	w.untilReady(w.operator())
	return n
}

// stride skips calls in short runs.
func stride() int {
	if testing.Short() {
		return 13
	}
	return 1
}

// One call fails, before its effect or after it, and the operator dies of it: whichever call it was, the next operator
// finishes what was begun, and there is one genesis and one treasury.
func TestACrashAtAnyCallLeavesOneGenesis(t *testing.T) {
	t.Parallel()
	total := calls(t)
	if total < 50 {
		t.Fatalf("an operator needs only %d calls; the test does not reach the ceremony", total)
	}
	for _, moment := range []string{"before", "after"} {
		t.Run(moment, func(t *testing.T) {
			t.Parallel()
			for at := 0; at < total; at += stride() {
				w := newWorld(t, `{faucet: {enabled: true}, validators: {replicas: 2}}`)
				n, hit := 0, ""
				fail := func(call string) error {
					if n++; n == at+1 {
						hit = call
						return fmt.Errorf("%s: %w", call, errInjected)
					}
					return nil
				}
				if moment == "before" {
					w.before = fail
				} else {
					w.after = fail
				}
				r := w.operator()
				for i := 0; i < 60 && hit == ""; i++ {
					_ = w.pass(r) // an error is what is wanted
					w.kubernetes()
				}
				w.untilReady(w.operator())
				if len(w.stored) != 1 || len(w.adopted) != 1 || len(w.accounts) != 1 {
					t.Fatalf("failing %s call %d, %s: geneses %v, adopted %v, treasuries %v", moment, at, hit, w.stored, w.adopted, w.accounts)
				}
			}
		})
	}
}

// Two operators believe that they lead. One takes a whole pass in the middle of the other's, at every call in turn.
func TestTwoOperatorsAtOnceMakeOneGenesis(t *testing.T) {
	t.Parallel()
	total := calls(t)
	for at := 0; at < total; at += stride() {
		w := newWorld(t, `{validators: {replicas: 2}}`)
		a, b := w.operator(), w.operator()
		n, inside := 0, false
		w.before = func(string) error {
			if inside {
				return nil
			}
			if n++; n == at+1 {
				inside = true
				_ = w.pass(b)
				w.kubernetes()
				_ = w.pass(b)
				inside = false
			}
			return nil
		}
		for range 8 {
			_ = w.pass(a) // it may lose a race, and says so
			w.kubernetes()
		}
		w.before = nil
		w.untilReady(w.operator())
		if len(w.stored) != 1 || len(w.adopted) != 1 || len(w.accounts) != 1 {
			t.Fatalf("at call %d: geneses %v, adopted %v, treasuries %v", at, w.stored, w.adopted, w.accounts)
		}
	}
}

// staleNetwork makes an operator's cache show the network as it was.
func staleNetwork(r *Reconciler, old *v1alpha1.PoSNetwork) {
	r.Client = &staleClient{Client: r.Client, old: old}
}

type staleClient struct {
	client.Client
	old *v1alpha1.PoSNetwork
}

func (c *staleClient) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	if n, ok := o.(*v1alpha1.PoSNetwork); ok {
		c.old.DeepCopyInto(n)
		return nil
	}
	return c.Client.Get(ctx, key, o, opts...)
}

// Anything happens, in any order. Whatever it is: nodes never start from two geneses, and once any has started, the
// treasury is not replaced and the genesis that comes back is the same.
func TestNeverTwoGenesesWhateverHappens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, `{validators: {replicas: 2}}`)
		newborn := w.network()
		r := w.operator()
		steps := rapid.SliceOfN(rapid.SampledFrom([]string{
			"pass", "pass", "pass", "kubernetes", "kubernetes", "restart operator", "lose genesis", "lose status", "kill pod 0", "kill pod 1",
			"silence 0", "silence 1", "hear all", "fail a write", "stale operator",
		}), 10, 60).Draw(rt, "steps")
		for _, step := range steps {
			switch step {
			case "pass":
				_ = w.pass(r)
			case "kubernetes":
				w.kubernetes()
			case "restart operator":
				r = w.operator()
			case "lose genesis":
				w.loseGenesis()
			case "lose status":
				w.loseStatus()
			case "kill pod 0":
				w.killPod(0)
			case "kill pod 1":
				w.killPod(1)
			case "silence 0", "silence 1":
				pod := &corev1.Pod{}
				if w.get(testName+"-"+step[len(step)-1:], pod) {
					w.down[pod.Status.PodIP] = true
				}
			case "hear all":
				w.down = map[string]bool{}
			case "fail a write":
				skip := rapid.IntRange(0, 12).Draw(rt, "skip")
				w.after = func(string) error {
					if skip--; skip < 0 {
						w.after = nil
						return errInjected
					}
					return nil
				}
				_ = w.pass(r)
				w.after = nil
			case "stale operator":
				old := w.operator()
				staleNetwork(old, newborn)
				_ = w.pass(old)
			}
			if len(w.adopted) > 1 || len(w.stored) > 1 {
				rt.Fatalf("after %q: geneses stored %v, adopted %v", step, w.stored, w.adopted)
			}
			if len(w.accounts) > 1 {
				rt.Fatalf("after %q: treasuries %v", step, w.accounts)
			}
		}
		w.down = map[string]bool{}
		for range 3 { // an error of the last steps may still be in the way
			_ = w.pass(r)
			w.kubernetes()
		}
		w.untilReady(w.operator())
		if len(w.adopted) != 1 {
			rt.Fatalf("adopted %v", w.adopted)
		}
	})
}

func TestALostGenesisComesBackFromANode(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*world){
		"the ConfigMap":                (*world).loseGenesis,
		"the ConfigMap and the status": func(w *world) { w.loseGenesis(); w.loseStatus() },
		"the status":                   (*world).loseStatus,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, `{}`)
			w.untilReady(w.operator())
			hash := w.onlyGenesis()
			lose(w)
			w.untilReady(w.operator())
			if w.onlyGenesis() != hash || w.network().Status.GenesisHash != hash {
				t.Errorf("genesis %s in status, want %s", w.network().Status.GenesisHash, hash)
			}
		})
	}
}

func TestALostGenesisThatNobodyHasIsNotMadeAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `{}`)
	r := w.operator()
	w.untilReady(r)
	hash := w.onlyGenesis()
	w.loseGenesis()
	// All nodes lose their volumes at once: they wait for a genesis, as at the very beginning.
	for claim := range w.disks {
		w.disks[claim] = w.newDisk()
	}
	for i := range int32(4) {
		w.killPod(i)
	}
	for range 5 {
		w.must(w.pass(r))
		w.kubernetes()
	}
	c := w.condition(v1alpha1.ConditionDegraded)
	if c.Reason != v1alpha1.ReasonGenesisMissing || !strings.Contains(c.Message, hash) {
		t.Errorf("Degraded is %+v", c)
	}
	if w.onlyGenesis() != hash {
		t.Error("another genesis was made")
	}
}

func TestAGenesisLostBeforeAnyNodeHasItIsMadeAgainTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `{faucet: {enabled: true}}`)
	r := w.operator()
	for range 10 {
		w.must(w.pass(r))
		if len(w.stored) == 1 {
			break
		}
		w.kubernetes()
	}
	hash := w.onlyGenesis()
	w.loseGenesis() // and the pods, which were annotated, find nothing
	w.kubernetes()
	w.untilReady(w.operator())
	if w.onlyGenesis() != hash || len(w.accounts) != 1 {
		t.Errorf("genesis %s, want %s; treasuries %v", w.onlyGenesis(), hash, w.accounts)
	}
}

func TestALostTreasuryIsNotReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `{faucet: {enabled: true}}`)
	r := w.operator()
	w.untilReady(r)
	for _, name := range []string{desired.TreasuryName(testName), desired.FaucetName(testName)} {
		w.must(w.api.Delete(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: testNamespace}}))
	}
	for range 3 {
		w.must(w.pass(r))
	}
	if c := w.condition(v1alpha1.ConditionDegraded); c.Reason != v1alpha1.ReasonTreasuryMissing || !strings.Contains(c.Message, desired.FaucetName(testName)) {
		t.Errorf("Degraded is %+v", c)
	}
	if w.get(desired.TreasuryName(testName), &corev1.Secret{}) {
		t.Error("a new treasury was made")
	}
	if c := w.condition(v1alpha1.ConditionAvailable); c.Status != metav1.ConditionTrue {
		t.Errorf("the chain goes on; Available is %+v", c)
	}
}

func TestAnotherGenesisInItsPlaceIsNotedAndNotUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `{}`)
	r := w.operator()
	w.untilReady(r)
	g := *w.disks[desired.ClaimName(testName, 0)].genesis
	w.loseGenesis()
	g.Time++
	file, err := g.MarshalFile()
	w.must(err)
	w.must(w.api.Create(t.Context(), desired.GenesisConfigMap(w.network(), file, g.Hash().String())))
	w.must(w.pass(r))
	if c := w.condition(v1alpha1.ConditionDegraded); c.Reason != v1alpha1.ReasonGenesisConflict {
		t.Errorf("Degraded is %+v", c)
	}
}

// imposter answers for every pod without knowing the ceremony secret.
type imposter struct{ *world }

func (i imposter) Attest(ctx context.Context, host string, _ []byte, uid string, ordinal int32) (chain.Identity, error) {
	return i.world.Attest(ctx, host, make([]byte, ceremonyBytes), uid, ordinal)
}

func TestAnIdentityWithoutTheSecretGetsNoStake(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `{}`)
	r := w.operator()
	r.Nodes = imposter{w}
	for range 6 {
		w.must(w.pass(r))
		w.kubernetes()
	}
	if c := w.condition(v1alpha1.ConditionDegraded); c.Reason != v1alpha1.ReasonIdentityRefused {
		t.Errorf("Degraded is %+v", c)
	}
	if len(w.stored) != 0 || len(w.accounts) != 0 {
		t.Errorf("geneses %v, treasuries %v; want none", w.stored, w.accounts)
	}
}

func TestAnIdentityThatChangesRestartsTheCollection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `{}`)
	r := w.operator()
	w.must(w.pass(r))
	w.kubernetes()
	claim, swapped := desired.ClaimName(testName, 1), false
	// Between the two rounds of one ceremony, a pod comes back with other keys.
	w.before = func(call string) error {
		if !swapped && call == fmt.Sprintf("get %T %s", &corev1.ConfigMap{}, desired.GenesisName(testName)) && len(r.seen) > 0 {
			w.disks[claim], swapped = w.newDisk(), true
		}
		return nil
	}
	w.must(w.pass(r))
	if !swapped {
		t.Fatal("the ceremony did not look for a genesis between its rounds")
	}
	if len(w.stored) != 0 {
		t.Fatal("a genesis was made of an identity that is no more")
	}
	w.untilReady(r)
	g := w.disks[claim].genesis
	for _, v := range g.Validators {
		if v.Address == chain.Address(w.disks[claim].account.Public()) {
			return
		}
	}
	t.Error("the genesis does not have the new identity")
}

func TestOnlyPodsOfTheStatefulSetWithBoundVolumesTakePart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `{validators: {replicas: 2}}`)
	r := w.operator()
	w.must(w.pass(r))
	w.kubernetes()
	// A pod with the labels and a fitting name that nobody's StatefulSet made.
	w.must(w.api.Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: desired.PodName(testName, 7), Namespace: testNamespace, Labels: desired.SelectorLabels(testName)},
		Status:     corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.9.9.9"},
	}))
	claim := &corev1.PersistentVolumeClaim{}
	w.get(desired.ClaimName(testName, 1), claim)
	claim.Status.Phase = corev1.ClaimPending
	w.must(w.api.Status().Update(t.Context(), claim))
	w.must(w.pass(r))
	if c := w.condition(v1alpha1.ConditionProgressing); !strings.Contains(c.Message, "the volume of validator 1 is not bound") || len(w.stored) != 0 {
		t.Errorf("Progressing is %+v", c)
	}
	if got := len(w.network().Status.Validators); got != 2 {
		t.Errorf("%d validators, want the two of the StatefulSet", got)
	}
}

func TestASpecNoChainCouldStartFromIsPointedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `{treasury: {balance: "1152921504606"}, faucet: {enabled: true, balance: "1000000000"}}`)
	r := w.operator()
	for range 3 {
		w.must(w.pass(r))
		w.kubernetes()
	}
	if c := w.condition(v1alpha1.ConditionDegraded); c.Reason != v1alpha1.ReasonInvalidSpec || !strings.Contains(c.Message, "largest supply") {
		t.Errorf("Degraded is %+v", c)
	}
}

func TestAnObjectTheAPIServerRefusesIsPointedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `{}`)
	w.before = func(call string) error {
		if call == "apply" {
			return apierrors.NewForbidden(corev1.Resource("serviceaccounts"), testName, errors.New("exceeded quota"))
		}
		return nil
	}
	w.must(w.pass(w.operator()))
	if c := w.condition(v1alpha1.ConditionDegraded); c.Reason != v1alpha1.ReasonObjectRefused || !strings.Contains(c.Message, "quota") {
		t.Errorf("Degraded is %+v", c)
	}
}
