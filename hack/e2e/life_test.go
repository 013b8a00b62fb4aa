//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

const smallPods = `  storage:
    retention: Delete
  resources:
    requests: {cpu: 20m, memory: 48Mi}
    limits: {memory: 512Mi}
`

const fourValidators = `  validators: {replicas: 4, stake: "1000"}
  params: {maxIdle: 2s}
  faucet: {enabled: true, balance: "100000"}
` + smallPods

// TestTheLifeOfANetwork takes one network through what happens to networks. The
// parts build on each other.
func TestTheLifeOfANetwork(t *testing.T) {
	n := newNetwork(t, "life")
	n.apply(n.manifest(fourValidators))
	n.ready()
	parts := []struct {
		name string
		do   func(*network)
	}{
		{"four validators are ready and agree", fourAgree},
		{"a transfer signed with an openssl-made key becomes final", opensslTransfer},
		{"a draw is verified from outside", verifyDraw},
		{"the operator writes nothing at rest", writesNothingAtRest},
		{"one pod deleted: finality goes on, the pod returns with its identity and catches up", loseOnePod},
		{"all pods deleted: the chain resumes and nothing final is lost", loseAllPods},
		{"the operator deleted: the chain goes on and nothing restarts when it returns", loseOperator},
		{"genesis and status lost: the same genesis comes back", loseGenesis},
		{"an unsafe change is refused with a reason", refuseUnsafe},
		{"pods added by scaling follow the chain without stake", scaleUp},
		{"deleted: everything goes", deleteAll},
	}
	for _, p := range parts {
		if !t.Run(p.name, func(t *testing.T) {
			part := *n
			part.t = t
			p.do(&part)
		}) {
			return // what follows builds on it
		}
	}
}

func fourAgree(n *network) {
	first := n.node(0)
	seen := map[string]bool{}
	for i := range 4 {
		n.caughtUp(i, 1)
		who := n.node(i)
		if who.GenesisHash != first.GenesisHash || seen[who.Address] {
			n.t.Errorf("pod %d has genesis %s and address %s", i, who.GenesisHash, who.Address)
		}
		seen[who.Address] = true
		if got, want := n.block(i, 1).Hash, n.block(0, 1).Hash; got != want {
			n.t.Errorf("block 1 is %s on pod %d and %s on pod 0", got, i, want)
		}
	}
	if got := n.kubectl("get", "posnet", n.name, "-o", "jsonpath={.status.genesisHash}"); got != first.GenesisHash {
		n.t.Errorf("the status names genesis %s, the nodes %s", got, first.GenesisHash)
	}
	line := n.kubectl("get", "posnet", n.name, "--no-headers")
	for _, want := range []string{"True", "4/4", "100%"} {
		if !strings.Contains(line, want) {
			n.t.Errorf("kubectl get posnet does not show %s: %s", want, line)
		}
	}
}

func opensslTransfer(n *network) {
	url := n.forward("svc/" + n.name + "-api")
	file, address := account(n.t)
	_, other := account(n.t)
	n.fund(url, address, 10)
	out := posnet(n.t, "tx", "transfer", other, "3", "--node", url, "--key-file", file, "--wait")
	if !strings.Contains(out, "final") {
		n.t.Errorf("the transfer is not final: %s", out)
	}
	if out := posnet(n.t, "query", "account", other, "--verify", "--node", url); !strings.Contains(out, "3 POS") || !strings.Contains(out, "verified") {
		n.t.Errorf("the receiver's verified account: %s", out)
	}
}

func verifyDraw(n *network) {
	url := n.forward("svc/" + n.name + "-api")
	out := posnet(n.t, "query", "draw", "2", "--node", url)
	for _, want := range []string{"won the lottery of height 2", "Computed here"} {
		if !strings.Contains(out, want) {
			n.t.Errorf("posnet query draw does not say %q:\n%s", want, out)
		}
	}
}

// restWindow is how long a network at rest is watched for writes.
const restWindow = 12 * time.Second

func writesNothingAtRest(n *network) {
	ctx, cancel := context.WithTimeout(context.Background(), restWindow)
	defer cancel()
	before := n.kubectl("get", "posnet,statefulset,service,configmap,secret,poddisruptionbudget,networkpolicy,serviceaccount", "-o", "name")
	w, err := cluster.api.AppsV1().StatefulSets(n.namespace).Watch(ctx, metav1.ListOptions{})
	if err != nil {
		n.t.Fatal(err)
	}
	defer w.Stop()
	versions := n.versions()
	added := 0
	for e := range w.ResultChan() { // until the window closes
		if e.Type != watch.Added && e.Type != watch.Bookmark {
			n.t.Errorf("the StatefulSet was %s at rest", strings.ToLower(string(e.Type)))
		}
		added++
	}
	if added == 0 {
		n.t.Error("the watch showed not even the existing StatefulSet")
	}
	if now := n.versions(); now != versions {
		n.t.Errorf("objects were written at rest:\nbefore %s\nafter  %s", versions, now)
	}
	if after := n.kubectl("get", "posnet,statefulset,service,configmap,secret,poddisruptionbudget,networkpolicy,serviceaccount", "-o", "name"); after != before {
		n.t.Errorf("objects came or went at rest:\n%s\n%s", before, after)
	}
}

// versions lists the resource versions of everything the operator makes.
func (n *network) versions() string {
	n.t.Helper()
	return n.kubectl("get", "posnet,statefulset,service,configmap,secret,networkpolicy,serviceaccount", "-o",
		`jsonpath={range .items[*]}{.kind}/{.metadata.name}={.metadata.resourceVersion} {end}`)
}

func loseOnePod(n *network) {
	url := n.forward(fmt.Sprintf("pod/%s-0", n.name))
	_, address := account(n.t)
	who, old, began := n.node(3), n.pod(3), n.height(0)
	n.kubectl("delete", "pod", old.Name, "--wait=false")
	for range 5 {
		n.fund(url, address, 1) // returns when final: finality goes on
	}
	now := n.replaced(3, old)
	if now.Status.PodIP == old.Status.PodIP {
		n.t.Logf("the pod came back with the same address %s", now.Status.PodIP)
	}
	n.fund(url, address, 1)
	top := n.height(0)
	for h := began + 1; h <= top; h++ {
		if r := n.block(0, h).Certificate.Round; r > 2 {
			n.t.Errorf("height %d needed round %d while one of four was away", h, r)
		}
	}
	n.caughtUp(3, top)
	if back := n.node(3); back.Address != who.Address || back.PeerID != who.PeerID || back.ConsensusKey != who.ConsensusKey {
		n.t.Errorf("the pod came back as another: %+v, it was %+v", back, who)
	}
	if got, want := n.block(3, top).Hash, n.block(0, top).Hash; got != want {
		n.t.Errorf("block %d is %s on the pod that was away and %s elsewhere", top, got, want)
	}
}

func loseAllPods(n *network) {
	top := n.height(0)
	hash := n.block(0, top).Hash
	var old []*corev1.Pod
	for i := range 4 {
		old = append(old, n.pod(i))
	}
	n.kubectl("delete", "pod", "-l", "posnet.dev/network="+n.name, "--wait=false")
	for i := range 4 {
		n.replaced(i, old[i])
	}
	for i := range 4 {
		n.caughtUp(i, top+1)
		if got := n.block(i, top).Hash; got != hash {
			n.t.Errorf("block %d was final as %s and is %s on pod %d", top, hash, got, i)
		}
	}
	n.ready()
}

// podsNow names the pods and their containers' restarts.
func (n *network) podsNow() string {
	n.t.Helper()
	return n.kubectl("get", "pods", "-l", "posnet.dev/network="+n.name, "-o",
		`jsonpath={range .items[*]}{.metadata.uid}:{.status.containerStatuses[0].restartCount} {end}`)
}

func loseOperator(n *network) {
	ctx := context.Background()
	before, revision := n.podsNow(), n.kubectl("get", "statefulset", n.name, "-o", "jsonpath={.metadata.generation}")
	scale := func(replicas string) {
		out, err := run(nil, cluster.kubectl, "--kubeconfig", cluster.kubeconfig, "-n", operatorNamespace, "scale", "deployment", "--all", "--replicas", replicas)
		if err != nil {
			n.t.Fatalf("scale the operator: %v\n%s", err, out)
		}
	}
	operatorPods := func(want int) func() error {
		return func() error {
			pods, err := cluster.api.CoreV1().Pods(operatorNamespace).List(ctx, metav1.ListOptions{})
			if err != nil {
				return err
			}
			ready := 0
			for _, p := range pods.Items {
				for _, c := range p.Status.Conditions {
					if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
						ready++
					}
				}
			}
			if ready != want || (want == 0 && len(pods.Items) > 0) {
				return fmt.Errorf("%d operator pods, %d ready", len(pods.Items), ready)
			}
			return nil
		}
	}
	scale("0")
	n.eventually("the operator is gone", time.Minute, operatorPods(0))
	at := n.height(0)
	n.caughtUp(0, at+2)
	scale("1")
	n.eventually("the operator is back", 2*time.Minute, operatorPods(1))
	n.ready()
	n.caughtUp(0, at+4)
	if after := n.podsNow(); after != before {
		n.t.Errorf("pods restarted or changed while the operator was away or when it came back: %s, they were %s", after, before)
	}
	if now := n.kubectl("get", "statefulset", n.name, "-o", "jsonpath={.metadata.generation}"); now != revision {
		n.t.Errorf("the returning operator changed the StatefulSet: generation %s, it was %s", now, revision)
	}
}

func loseGenesis(n *network) {
	hash := n.node(0).GenesisHash
	file := n.kubectl("get", "configmap", n.name+"-genesis", "-o", "jsonpath={.data}")
	treasury := n.kubectl("get", "secret", n.name+"-treasury", "-o", "jsonpath={.metadata.uid}")
	before := n.podsNow()
	if out, err := n.tryKubectl("", "patch", "posnet", n.name, "--subresource=status", "--type=json", `-p=[{"op":"remove","path":"/status"}]`); err != nil {
		n.t.Fatalf("lose the status: %v\n%s", err, out)
	}
	n.kubectl("delete", "configmap", n.name+"-genesis")
	n.eventually("the genesis is back", 2*time.Minute, func() error {
		out, err := n.tryKubectl("", "get", "configmap", n.name+"-genesis", "-o", "jsonpath={.data}")
		if err != nil {
			return errors.New(out)
		}
		if strings.TrimSpace(out) != file {
			n.t.Fatalf("another genesis was made:\n%s\nit was\n%s", out, file)
		}
		return nil
	})
	n.ready()
	if got := n.kubectl("get", "posnet", n.name, "-o", "jsonpath={.status.genesisHash}"); got != hash {
		n.t.Errorf("the status names genesis %s, the chain is %s", got, hash)
	}
	if now := n.kubectl("get", "secret", n.name+"-treasury", "-o", "jsonpath={.metadata.uid}"); now != treasury {
		n.t.Error("a second treasury was made")
	}
	if after := n.podsNow(); after != before {
		n.t.Errorf("pods restarted: %s, they were %s", after, before)
	}
}

func refuseUnsafe(n *network) {
	for what, patch := range map[string]string{
		"the chain's rules": `{"spec":{"params":{"setDelay":4}}}`,
		"the chain's name":  `{"spec":{"chainID":"another"}}`,
		"the storage":       `{"spec":{"storage":{"size":"2Gi"}}}`,
	} {
		out, err := n.tryKubectl("", "patch", "posnet", n.name, "--type=merge", "-p", patch)
		if err == nil {
			n.t.Errorf("%s changed on a running network", what)
		} else if !strings.Contains(out, "nvalid") {
			n.t.Errorf("%s: the refusal gives no reason: %s", what, out)
		}
	}
	// Two of four validators hold half of the stake: without them nothing is final any more.
	before := n.podsNow()
	n.kubectl("scale", "posnet", n.name, "--replicas=2")
	n.eventually("the operator says why it does not scale down", time.Minute, func() error {
		if err := n.condition("Progressing", "True"); err == nil {
			return nil
		}
		return n.condition("Degraded", "True")
	})
	if got := n.kubectl("get", "statefulset", n.name, "-o", "jsonpath={.spec.replicas}"); got != "4" {
		n.t.Errorf("the StatefulSet has %s replicas: the unsafe change was done", got)
	}
	n.kubectl("scale", "posnet", n.name, "--replicas=4")
	n.ready()
	if after := n.podsNow(); after != before {
		n.t.Errorf("pods changed: %s, they were %s", after, before)
	}
}

func scaleUp(n *network) {
	n.kubectl("scale", "posnet", n.name, "--replicas=5")
	top := n.height(0)
	n.eventually("the fifth pod answers", 2*time.Minute, func() error {
		var s status
		return n.ask(4, "status", &s)
	})
	n.caughtUp(4, top)
	if got, want := n.block(4, top).Hash, n.block(0, top).Hash; got != want {
		n.t.Errorf("block %d is %s on the added pod and %s elsewhere", top, got, want)
	}
	var v struct{ Validators []struct{ Stake string } }
	n.mustAsk(0, "validators", &v)
	if len(v.Validators) != 4 {
		n.t.Errorf("the set has %d validators after a pod was added without stake", len(v.Validators))
	}
	n.ready()
}

func deleteAll(n *network) {
	n.kubectl("delete", "posnet", n.name, "--wait=false")
	n.eventually("everything is gone", 2*time.Minute, func() error {
		out, err := n.tryKubectl("", "get", "posnet,statefulset,pods,service,secret,pvc,poddisruptionbudget,networkpolicy,configmap", "-o", "name")
		if err != nil {
			return errors.New(out)
		}
		var left []string
		for _, l := range strings.Fields(out) {
			if l != "configmap/kube-root-ca.crt" {
				left = append(left, l)
			}
		}
		if len(left) > 0 {
			return fmt.Errorf("left: %s", strings.Join(left, " "))
		}
		return nil
	})
}
