package e2e

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/posnet/posnet/api/v1alpha1"
	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

// The demo network lives through a day: each part begins where the one before ended.
func TestDemo(t *testing.T) {
	t.Parallel()
	e := cluster(t)
	n := e.apply(t, e.namespace(t), sample(t, "demo.yaml"))
	for _, part := range []struct {
		name string
		run  func(*network)
	}{
		{"four validators become Ready", fourValidators},
		{"a key made by openssl pays", opensslPays},
		{"a draw is verified from outside", drawVerified},
		{"one validator is deleted, finality goes on, and it comes back as itself", oneDeleted},
		{"all four are deleted at once, and nothing final is lost", allDeleted},
		{"the operator is away, the chain goes on, and nothing restarts", operatorAway},
		{"genesis and status are lost, and the same genesis comes back", genesisLost},
		{"at rest nothing is written", atRest},
		{"a pod added follows without stake, and shrinking below the quorum is refused", scaled},
		{"a new pod template reaches one validator at a time", rolled},
	} {
		if !t.Run(part.name, func(t *testing.T) { part.run(n.within(t)) }) {
			break
		}
	}
}

func fourValidators(n *network) {
	n.ready()
	status := n.get().Status
	if status.ReadyValidators != "4/4" || status.OnlineShare != "100%" || len(status.Validators) != 4 {
		n.t.Errorf("status is %+v", status)
	}
	for i, c := range n.all(4) {
		who, err := c.Node(n.t.Context())
		must(n.t, err)
		if who.State != "Running" || !who.Validator || who.GenesisHash != status.GenesisHash || int(who.Ordinal) != i {
			n.t.Errorf("node %d is %+v", i, who)
		}
	}
	// A new network shows its first block by itself.
	n.sameBlock(1, 4)
}

func opensslPays(n *network) {
	ctx := n.t.Context()
	file := filepath.Join(n.t.TempDir(), "openssl.pem")
	openssl, err := exec.LookPath("openssl")
	must(n.t, err)
	_, err = run(ctx, openssl, "genpkey", "-algorithm", "ed25519", "-out", file)
	must(n.t, err)
	key, _, err := keys.LoadPrivateFile(file)
	must(n.t, err)
	faucet, _ := n.faucet()
	_, err = pay(ctx, n.node(0), faucet, key.Public(), 5*chain.UnitsPerPOS)
	must(n.t, err)
	bob, err := keys.Generate(nil)
	must(n.t, err)
	var sent struct {
		Height uint64 `json:"height"`
		Status string `json:"status"`
	}
	n.cli(&sent, 1, "tx", "transfer", chain.Address(bob.Public()).String(), "1.5", "--key-file", file, "--wait")
	if sent.Status != "final" || sent.Height == 0 {
		n.t.Fatalf("the transfer is %+v", sent)
	}
	for i, c := range n.all(4) {
		n.reaches(i, sent.Height)
		a, err := c.Account(ctx, bob.Public(), false)
		must(n.t, err)
		if uint64(a.Balance) != 1_500_000 {
			n.t.Errorf("node %d says %d base units, want 1500000", i, a.Balance)
		}
	}
	n.cli(nil, 2, "query", "account", chain.Address(bob.Public()).String(), "--verify")
}

func drawVerified(n *network) {
	height := n.height(0)
	for h := uint64(1); h <= min(height, 3); h++ {
		var draw struct {
			Winner     string `json:"winner"`
			Recomputed bool   `json:"recomputed"`
			Decided    bool   `json:"decided"`
		}
		n.cli(&draw, int(h)%4, "query", "draw", fmt.Sprint(h))
		block := n.sameBlock(h, 4)
		if !draw.Recomputed || !draw.Decided || draw.Winner != block.Forger.String() {
			n.t.Errorf("draw of %d is %+v, forged by %s", h, draw, block.Forger)
		}
	}
}

// identity is what must not change when a pod is replaced.
func (n *network) identity(ordinal int) [5]string {
	n.t.Helper()
	var id [5]string
	c := n.node(ordinal)
	eventually(n.t, fmt.Sprintf("node %d answers", ordinal), func(ctx context.Context) error {
		who, err := c.Node(ctx)
		if err == nil {
			id = [5]string{who.Address.String(), who.ConsensusKey.String(), who.VrfKey.String(), who.PeerID, who.GenesisHash}
		}
		return err
	})
	return id
}

// podReplaced waits until a pod is another one than before and ready, and returns it.
func (n *network) podReplaced(ordinal int, old *corev1.Pod) *corev1.Pod {
	n.t.Helper()
	var now *corev1.Pod
	eventually(n.t, n.pod(ordinal)+" is replaced and ready", func(ctx context.Context) error {
		p, err := n.getPod(ctx, ordinal)
		if err != nil {
			return err
		}
		if p.UID == old.UID {
			return fmt.Errorf("it is still the old one")
		}
		for _, c := range p.Status.Conditions {
			if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
				now = p
				return nil
			}
		}
		return fmt.Errorf("phase %s, conditions %+v", p.Status.Phase, p.Status.Conditions)
	})
	return now
}

func oneDeleted(n *network) {
	const victim = 2
	before := n.identity(victim)
	old, err := n.getPod(n.t.Context(), victim)
	must(n.t, err)
	stop := n.traffic(0)
	from := n.height(0)
	must(n.t, n.api.Delete(n.t.Context(), old))
	now := n.podReplaced(victim, old)
	to := n.height(0) + 5
	n.reaches(0, to) // with the traffic, past the return
	final := stop()
	if len(final) == 0 {
		n.t.Error("no payment became final while a validator was away")
	}
	for h := from; h <= to; h++ {
		b, err := n.node(0).Block(n.t.Context(), fmt.Sprint(max(h, 1)))
		must(n.t, err)
		if b.Round > 2 {
			n.t.Errorf("block %d needed round %d; the loss of one of four costs two rounds at most", h, b.Round)
		}
	}
	if now.Status.PodIP == old.Status.PodIP {
		n.t.Errorf("the new pod has the old IP, %s: this says nothing about a changed one", now.Status.PodIP)
	}
	if after := n.identity(victim); after != before {
		n.t.Errorf("identity was %v and is %v", before, after)
	}
	n.sameBlock(to, 4)
	n.ready()
}

func allDeleted(n *network) {
	ctx := n.t.Context()
	faucet, _ := n.faucet()
	someone, err := keys.Generate(nil)
	must(n.t, err)
	paid, err := pay(ctx, n.node(0), faucet, someone.Public(), 7)
	must(n.t, err)
	block := n.sameBlock(paid.Height, 1)
	var ids [4][5]string
	var old [4]*corev1.Pod
	for i := range old {
		ids[i] = n.identity(i)
		old[i], err = n.getPod(ctx, i)
		must(n.t, err)
	}
	for _, p := range old {
		must(n.t, n.api.Delete(ctx, p))
	}
	for i, p := range old {
		n.podReplaced(i, p)
		if now := n.identity(i); now != ids[i] {
			n.t.Errorf("identity of validator %d was %v and is %v", i, ids[i], now)
		}
	}
	if now := n.sameBlock(paid.Height, 4); now.Hash != block.Hash {
		n.t.Errorf("block %d was %s and is %s", paid.Height, block.Hash, now.Hash)
	}
	again, err := pay(ctx, n.node(3), faucet, someone.Public(), 7)
	must(n.t, err)
	for i, c := range n.all(4) {
		n.reaches(i, again.Height)
		a, err := c.Account(ctx, someone.Public(), false)
		must(n.t, err)
		if uint64(a.Balance) != 14 {
			n.t.Errorf("node %d says %d base units, want 14", i, a.Balance)
		}
	}
	n.ready()
}

func operatorAway(n *network) {
	ctx := n.t.Context()
	pods := n.pods()
	n.scaleOperator(n.t, 0)
	faucet, _ := n.faucet()
	someone, err := keys.Generate(nil)
	must(n.t, err)
	for range 3 {
		_, err := pay(ctx, n.node(1), faucet, someone.Public(), 1)
		must(n.t, err)
	}
	set := &appsv1.StatefulSet{}
	must(n.t, n.api.Get(ctx, n.key(n.name), set))
	n.scaleOperator(n.t, 1)
	// It is back when it carries something out.
	n.edit(func(o *v1alpha1.PoSNetwork) { o.Spec.LogLevel = "debug" })
	n.ready()
	again := &appsv1.StatefulSet{}
	must(n.t, n.api.Get(ctx, n.key(n.name), again))
	if again.Generation != set.Generation {
		n.t.Errorf("the operator changed the StatefulSet when it came back: generation %d, then %d", set.Generation, again.Generation)
	}
	if now := n.pods(); !slices.Equal(now, pods) {
		n.t.Errorf("pods were\n%v\nand are\n%v", pods, now)
	}
}

func genesisLost(n *network) {
	ctx := n.t.Context()
	o := n.get()
	hash, pods := o.Status.GenesisHash, n.pods()
	stored := &corev1.ConfigMap{}
	must(n.t, n.api.Get(ctx, n.key(n.name+"-genesis"), stored))
	n.scaleOperator(n.t, 0) // so that both are gone at once
	must(n.t, n.api.Delete(ctx, stored))
	old := o.DeepCopy()
	o.Status = v1alpha1.PoSNetworkStatus{}
	must(n.t, n.api.Status().Patch(ctx, o, client.MergeFrom(old)))
	n.scaleOperator(n.t, 1)
	n.ready()
	again := &corev1.ConfigMap{}
	must(n.t, n.api.Get(ctx, n.key(n.name+"-genesis"), again))
	g, err := chain.ParseGenesis([]byte(again.Data["genesis.json"]))
	must(n.t, err)
	if g.Hash().String() != hash || n.get().Status.GenesisHash != hash || again.UID == stored.UID {
		n.t.Errorf("genesis was %s; stored now %s, in status %s", hash, g.Hash(), n.get().Status.GenesisHash)
	}
	if now := n.pods(); !slices.Equal(now, pods) {
		n.t.Errorf("pods were\n%v\nand are\n%v", pods, now)
	}
}

// versions are the resource versions of everything the operator writes for a network.
func (n *network) versions() map[string]string {
	n.t.Helper()
	versions := map[string]string{}
	note := func(kind string, o client.Object, name string) {
		must(n.t, n.api.Get(n.t.Context(), n.key(name), o))
		versions[kind+" "+name] = o.GetResourceVersion()
	}
	note("PoSNetwork", &v1alpha1.PoSNetwork{}, n.name)
	note("StatefulSet", &appsv1.StatefulSet{}, n.name)
	for _, suffix := range []string{"-config", "-genesis"} {
		note("ConfigMap", &corev1.ConfigMap{}, n.name+suffix)
	}
	for _, suffix := range []string{"-p2p", "-api"} {
		note("Service", &corev1.Service{}, n.name+suffix)
	}
	for _, suffix := range []string{"-ceremony", "-treasury", "-faucet"} {
		note("Secret", &corev1.Secret{}, n.name+suffix)
	}
	return versions
}

// atRest pays, waits until the operator has seen the new height, by its own metric, and does so again: it looks, and it
// writes nothing.
func atRest(n *network) {
	n.ready()
	before := n.versions()
	faucet, _ := n.faucet()
	for range 4 {
		paid, err := pay(n.t.Context(), n.node(0), faucet, faucet.Public(), 1)
		must(n.t, err)
		seen := fmt.Sprintf("posnet_operator_network_height{name=%q,namespace=%q}", n.name, n.namespace)
		eventually(n.t, fmt.Sprintf("the operator sees height %d", paid.Height), func(context.Context) error {
			if h := n.operatorMetric(seen); h < float64(paid.Height) {
				return fmt.Errorf("it has seen %.0f", h)
			}
			return nil
		})
	}
	for what, version := range n.versions() {
		if before[what] != version {
			n.t.Errorf("%s was written at rest: resource version %s, then %s", what, before[what], version)
		}
	}
}

func scaled(n *network) {
	n.edit(func(o *v1alpha1.PoSNetwork) { five := int32(5); o.Spec.Validators.Replicas = &five })
	n.ready()
	n.reaches(4, n.height(0))
	who, err := n.node(4).Node(n.t.Context())
	must(n.t, err)
	if who.Validator || who.State != "Running" || who.GenesisHash != n.get().Status.GenesisHash {
		n.t.Errorf("the added node is %+v", who)
	}
	n.edit(func(o *v1alpha1.PoSNetwork) { two := int32(2); o.Spec.Validators.Replicas = &two })
	c := n.condition(v1alpha1.ConditionReady, metav1.ConditionFalse)
	if c.Reason != v1alpha1.ReasonScaleDownRefused {
		n.t.Errorf("Ready is %+v", c)
	}
	set := &appsv1.StatefulSet{}
	must(n.t, n.api.Get(n.t.Context(), n.key(n.name), set))
	if *set.Spec.Replicas != 5 {
		n.t.Errorf("%d replicas, want all 5 kept", *set.Spec.Replicas)
	}
	n.edit(func(o *v1alpha1.PoSNetwork) { four := int32(4); o.Spec.Validators.Replicas = &four })
	n.ready()
}

func rolled(n *network) {
	var ids [4][5]string
	for i := range ids {
		ids[i] = n.identity(i)
	}
	from := n.height(0)
	stop := n.traffic(0) // validator 0 is the last to restart
	n.edit(func(o *v1alpha1.PoSNetwork) {
		o.Spec.PodTemplate.Annotations = map[string]string{"example.org/rolled": "yes"}
	})
	eventually(n.t, "all pods have the new template", func(ctx context.Context) error {
		away := 0
		var old []int
		for i := range ids {
			p, err := n.getPod(ctx, i)
			if err != nil {
				away++
				continue
			}
			ready := slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
				return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
			})
			if !ready || p.DeletionTimestamp != nil {
				away++
			}
			if p.Annotations["example.org/rolled"] != "yes" {
				old = append(old, i)
			}
		}
		if away > 1 {
			n.t.Fatalf("%d validators are away at once", away)
		}
		if len(old) > 0 || away > 0 {
			return fmt.Errorf("validators %v have the old template, %d away", old, away)
		}
		return nil
	})
	stop()
	n.ready()
	for i := range ids {
		if now := n.identity(i); now != ids[i] {
			n.t.Errorf("identity of validator %d was %v and is %v", i, ids[i], now)
		}
	}
	to := n.height(1)
	n.sameBlock(to, 4)
	if to <= from {
		n.t.Errorf("the chain stood still: height %d, then %d", from, to)
	}
}
