package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/posnet/posnet/api/v1alpha1"
	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
	nodeclient "github.com/posnet/posnet/node/httpapi/client"
	"github.com/posnet/posnet/node/keys"
)

// network is one PoSNetwork under test.
type network struct {
	*env
	t         *testing.T
	namespace string
	name      string
	urls      map[int]string // of nodes' APIs, by ordinal
}

// apply makes or changes the PoSNetwork in a namespace.
func (e *env) apply(t *testing.T, namespace string, n *v1alpha1.PoSNetwork) *network {
	t.Helper()
	n.Namespace = namespace
	must(t, e.api.Create(t.Context(), n))
	return &network{env: e, t: t, namespace: namespace, name: n.Name, urls: map[int]string{}}
}

// sample reads a PoSNetwork of config/samples.
func sample(t *testing.T, file string) *v1alpha1.PoSNetwork {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "config", "samples", file))
	must(t, err)
	n := &v1alpha1.PoSNetwork{}
	must(t, yaml.UnmarshalStrict(text, n))
	return n
}

// small is a network of one validator, for tests that are not about voting.
func small(t *testing.T, retention v1alpha1.Retention) *v1alpha1.PoSNetwork {
	t.Helper()
	n := sample(t, "demo.yaml")
	one := int32(1)
	n.Spec.Validators.Replicas = &one
	n.Spec.Storage.Retention = retention
	return n
}

// within returns the network for a subtest, whose servers end with it.
func (n *network) within(t *testing.T) *network {
	m := *n
	m.t, m.urls = t, map[int]string{}
	return &m
}

func (n *network) key(name string) client.ObjectKey {
	return client.ObjectKey{Namespace: n.namespace, Name: name}
}

func (n *network) get() *v1alpha1.PoSNetwork {
	n.t.Helper()
	o := &v1alpha1.PoSNetwork{}
	must(n.t, n.api.Get(n.t.Context(), n.key(n.name), o))
	return o
}

// edit changes the PoSNetwork.
func (n *network) edit(change func(*v1alpha1.PoSNetwork)) {
	n.t.Helper()
	o := n.get()
	old := o.DeepCopy()
	change(o)
	must(n.t, n.api.Patch(n.t.Context(), o, client.MergeFrom(old)))
}

// condition waits until a condition of the newest spec has a status, and returns it.
func (n *network) condition(kind string, status metav1.ConditionStatus) metav1.Condition {
	n.t.Helper()
	var found metav1.Condition
	eventually(n.t, fmt.Sprintf("%s of %s is %s", kind, n.name, status), func(ctx context.Context) error {
		o := &v1alpha1.PoSNetwork{}
		if err := n.api.Get(ctx, n.key(n.name), o); err != nil {
			return err
		}
		c := apimeta.FindStatusCondition(o.Status.Conditions, kind)
		if c == nil || c.Status != status || o.Status.ObservedGeneration != o.Generation {
			return fmt.Errorf("observed generation %d of %d, conditions %+v", o.Status.ObservedGeneration, o.Generation, o.Status.Conditions)
		}
		found = *c
		return nil
	})
	return found
}

func (n *network) ready() { n.t.Helper(); n.condition(v1alpha1.ConditionReady, metav1.ConditionTrue) }

func (n *network) pod(ordinal int) string { return fmt.Sprintf("%s-%d", n.name, ordinal) }

// url is where a node's API is reached; it outlives the pod.
func (n *network) url(ordinal int) string {
	n.t.Helper()
	if n.urls[ordinal] == "" {
		n.urls[ordinal] = n.proxied(n.t, n.namespace, n.pod(ordinal), 8050)
	}
	return n.urls[ordinal]
}

func (n *network) node(ordinal int) *nodeclient.Client {
	n.t.Helper()
	c, err := nodeclient.New(n.url(ordinal), nil)
	must(n.t, err)
	n.t.Cleanup(c.Close)
	return c
}

// all are clients of the first count nodes.
func (n *network) all(count int) (list []*nodeclient.Client) {
	for i := range count {
		list = append(list, n.node(i))
	}
	return list
}

// getPod reads a validator's pod.
func (n *network) getPod(ctx context.Context, ordinal int) (*corev1.Pod, error) {
	p := &corev1.Pod{}
	return p, n.api.Get(ctx, n.key(n.pod(ordinal)), p)
}

// pods are the UIDs and restarts of all pods, which say whether anything restarted.
func (n *network) pods() (list []string) {
	n.t.Helper()
	var pods corev1.PodList
	must(n.t, n.api.List(n.t.Context(), &pods, client.InNamespace(n.namespace)))
	for _, p := range pods.Items {
		restarts := int32(0)
		for _, c := range p.Status.ContainerStatuses {
			restarts += c.RestartCount
		}
		list = append(list, fmt.Sprintf("%s %s %d", p.Name, p.UID, restarts))
	}
	slices.Sort(list)
	return list
}

// key file of the faucet, as a user would take it out.
func (n *network) faucet() (keys.PrivateKey, string) {
	n.t.Helper()
	s := &corev1.Secret{}
	must(n.t, n.api.Get(n.t.Context(), n.key(n.name+"-faucet"), s))
	key, err := keys.ParsePrivatePEM(s.Data["account.pem"])
	must(n.t, err)
	file := filepath.Join(n.t.TempDir(), "faucet.pem")
	must(n.t, keys.SavePrivateFile(file, key))
	return key, file
}

// cli runs the posnet program against a node and reads its JSON.
func (n *network) cli(into any, ordinal int, args ...string) {
	n.t.Helper()
	out, err := run(n.t.Context(), n.posnet, append(args, "--node", n.url(ordinal), "--output", "json")...)
	must(n.t, err)
	if into != nil {
		must(n.t, json.Unmarshal([]byte(out), into))
	}
}

// pay sends POS from one account to another and returns the transaction once it is final. It tries again what a node that
// goes away in between has not answered; the transaction is the same each time, so it is paid once.
func pay(ctx context.Context, c *nodeclient.Client, from keys.PrivateKey, to chain.Address, amount uint64) (*api.Transaction, error) {
	g, _, err := c.Genesis(ctx)
	if err != nil {
		return nil, fmt.Errorf("pay: %w", err)
	}
	account, err := c.Account(ctx, from.Public(), false)
	if err != nil {
		return nil, fmt.Errorf("pay: %w", err)
	}
	tx := chain.Tx{
		Kind: chain.TxTransfer, From: from.Public(), Nonce: account.NextNonce, To: to, Amount: amount, Fee: g.Params.MinFee, Memo: []byte{},
	}
	id, err := c.Submit(ctx, chain.Encode(&chain.SignedTx{Tx: tx, Signature: from.Sign(chain.TxMessage(g.Hash(), &tx))}))
	if err != nil {
		return nil, fmt.Errorf("pay: %w", err)
	}
	return c.WaitFinal(ctx, id)
}

// traffic pays without end through one node, and stop returns what became final.
func (n *network) traffic(through int) (stop func() []*api.Transaction) {
	n.t.Helper()
	faucet, _ := n.faucet()
	c := n.node(through)
	ctx, cancel := context.WithCancel(n.t.Context())
	done := make(chan []*api.Transaction, 1)
	key, err := keys.Generate(nil)
	must(n.t, err)
	to := chain.Address(key.Public())
	go func() {
		var final []*api.Transaction
		for ctx.Err() == nil {
			one, cancelOne := context.WithTimeout(ctx, 30*time.Second)
			if tx, err := pay(one, c, faucet, to, 1); err == nil {
				final = append(final, tx)
			}
			cancelOne()
		}
		done <- final
	}()
	n.t.Cleanup(cancel)
	return func() []*api.Transaction { cancel(); return <-done }
}

// reaches waits until a node has a height.
func (n *network) reaches(ordinal int, height uint64) {
	n.t.Helper()
	c := n.node(ordinal)
	eventually(n.t, fmt.Sprintf("node %d reaches height %d", ordinal, height), func(ctx context.Context) error {
		s, err := c.Status(ctx)
		if err == nil && s.Height < height {
			err = fmt.Errorf("it is at %d", s.Height)
		}
		return err
	})
}

// height of a node's chain.
func (n *network) height(ordinal int) uint64 {
	n.t.Helper()
	var height uint64
	c := n.node(ordinal)
	eventually(n.t, fmt.Sprintf("node %d answers", ordinal), func(ctx context.Context) error {
		s, err := c.Status(ctx)
		if err == nil {
			height = s.Height
		}
		return err
	})
	return height
}

// sameBlock checks that nodes have one and the same block at a height, and returns it.
func (n *network) sameBlock(height uint64, nodes int) *api.Block {
	n.t.Helper()
	var first *api.Block
	for i := range nodes {
		n.reaches(i, height)
		b, err := n.node(i).Block(n.t.Context(), fmt.Sprint(height))
		must(n.t, err)
		if first == nil {
			first = b
		}
		if b.Hash != first.Hash {
			n.t.Fatalf("block %d is %s on node 0 and %s on node %d", height, first.Hash, b.Hash, i)
		}
	}
	return first
}
