package e2e

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/posnet/posnet/api/v1alpha1"
	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

// The original's demonstration: seven transactions, three blocks, one left waiting, the same on every node.
func TestOriginalSample(t *testing.T) {
	t.Parallel()
	e := cluster(t)
	n := e.apply(t, e.namespace(t), sample(t, "original-demo.yaml"))
	n.ready()
	_, faucet := n.faucet()
	var result struct {
		Nodes   int `json:"nodes"`
		Waiting int `json:"waiting"`
		Blocks  []struct {
			TxCount int `json:"txCount"`
		} `json:"blocks"`
	}
	n.cli(&result, 0, "sample", "--faucet-key", faucet, "--node", n.url(1), "--node", n.url(2))
	if result.Nodes != 3 || result.Waiting != 1 || len(result.Blocks) != 3 {
		t.Errorf("the sample made %+v", result)
	}
	for i, c := range n.all(3) {
		s, err := c.Status(t.Context())
		must(t, err)
		if s.Height != 3 || s.Mempool.Transactions != 1 {
			t.Errorf("node %d has %d blocks and %d waiting; want 3 and 1", i, s.Height, s.Mempool.Transactions)
		}
	}
	n.sameBlock(3, 3)
}

// Two networks of one name, in two namespaces, are two chains with different people in them.
func TestTwoNetworksDoNotMeet(t *testing.T) {
	t.Parallel()
	e := cluster(t)
	two := func() *v1alpha1.PoSNetwork {
		s, replicas := small(t, v1alpha1.DeleteData), int32(2)
		s.Spec.Validators.Replicas = &replicas
		return s
	}
	a, b := e.apply(t, e.namespace(t), two()), e.apply(t, e.namespace(t), two())
	a.ready()
	b.ready()
	if a.get().Status.GenesisHash == b.get().Status.GenesisHash {
		t.Fatal("two networks have one genesis")
	}
	peers := func(n *network) map[string]bool {
		ids := map[string]bool{}
		for i := range 2 {
			who, err := n.node(i).Node(t.Context())
			must(t, err)
			ids[who.PeerID] = true
		}
		return ids
	}
	ofA, ofB := peers(a), peers(b)
	for _, x := range []struct {
		n    *network
		mine map[string]bool
	}{{a, ofA}, {b, ofB}} {
		for i := range 2 {
			list, err := x.n.node(i).Peers(t.Context())
			must(t, err)
			if len(list.Peers) != 1 {
				t.Errorf("node %d of %s has %d peers, want the other one", i, x.n.namespace, len(list.Peers))
			}
			for _, p := range list.Peers {
				if !x.mine[p.PeerID] {
					t.Errorf("node %d of %s is connected to %s, which is no node of its network", i, x.n.namespace, p.PeerID)
				}
			}
		}
	}
	// What is signed for one is worth nothing in the other.
	faucet, _ := a.faucet()
	g, _, err := a.node(0).Genesis(t.Context())
	must(t, err)
	tx := chain.Tx{Kind: chain.TxTransfer, From: faucet.Public(), Nonce: 1, To: faucet.Public(), Amount: 1, Fee: g.Params.MinFee, Memo: []byte{}}
	raw := chain.Encode(&chain.SignedTx{Tx: tx, Signature: faucet.Sign(chain.TxMessage(g.Hash(), &tx))})
	if _, err := b.node(0).Submit(t.Context(), raw); err == nil {
		t.Error("a network accepts a transaction signed for another")
	}
}

// gone waits until an object does not exist.
func (n *network) gone(o client.Object, name string) {
	n.t.Helper()
	eventually(n.t, fmt.Sprintf("%T %s is gone", o, name), func(ctx context.Context) error {
		err := n.api.Get(ctx, n.key(name), o)
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err == nil {
			err = fmt.Errorf("it is there, owned by %v", o.GetOwnerReferences())
		}
		return err
	})
}

func (n *network) delete() {
	n.t.Helper()
	must(n.t, n.api.Delete(n.t.Context(), n.get()))
	n.gone(&v1alpha1.PoSNetwork{}, n.name)
	n.gone(&appsv1.StatefulSet{}, n.name)
	n.gone(&corev1.Pod{}, n.pod(0))
	n.gone(&corev1.Service{}, n.name+"-api")
	n.gone(&corev1.Secret{}, n.name+"-ceremony")
}

func TestRetainedDataIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	e := cluster(t)
	n := e.apply(t, e.namespace(t), small(t, v1alpha1.RetainData))
	n.ready()
	faucet, _ := n.faucet()
	someone, err := keys.Generate(nil)
	must(t, err)
	paid, err := pay(t.Context(), n.node(0), faucet, someone.Public(), 42)
	must(t, err)
	hash, id, block := n.get().Status.GenesisHash, n.identity(0), n.sameBlock(paid.Height, 1)
	n.delete()
	for name, o := range map[string]client.Object{
		n.name + "-genesis": &corev1.ConfigMap{}, n.name + "-treasury": &corev1.Secret{}, n.name + "-faucet": &corev1.Secret{},
		"data-" + n.pod(0): &corev1.PersistentVolumeClaim{},
	} {
		if err := e.api.Get(t.Context(), n.key(name), o); err != nil {
			t.Fatalf("%T %s was to be retained: %v", o, name, err)
		}
	}
	e.apply(t, n.namespace, small(t, v1alpha1.RetainData))
	n.ready()
	if now := n.get().Status.GenesisHash; now != hash {
		t.Errorf("genesis was %s and is %s", hash, now)
	}
	if now := n.identity(0); now != id {
		t.Errorf("identity was %v and is %v", id, now)
	}
	if now := n.sameBlock(paid.Height, 1); now.Hash != block.Hash {
		t.Errorf("block %d was %s and is %s", paid.Height, block.Hash, now.Hash)
	}
	a, err := n.node(0).Account(t.Context(), someone.Public(), false)
	must(t, err)
	if uint64(a.Balance) != 42 {
		t.Errorf("balance is %d, want 42", a.Balance)
	}
}

func TestDeletedDataIsGone(t *testing.T) {
	t.Parallel()
	e := cluster(t)
	n := e.apply(t, e.namespace(t), small(t, v1alpha1.DeleteData))
	n.ready()
	n.delete()
	n.gone(&corev1.ConfigMap{}, n.name+"-genesis")
	n.gone(&corev1.Secret{}, n.name+"-treasury")
	n.gone(&corev1.Secret{}, n.name+"-faucet")
	n.gone(&corev1.PersistentVolumeClaim{}, "data-"+n.pod(0))
}

// Keys that were made elsewhere are the ones the validator signs with, and the node's container never sees the Secret.
func TestBroughtKeysAreUsed(t *testing.T) {
	t.Parallel()
	e := cluster(t)
	namespace := e.namespace(t)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "my-keys", Namespace: namespace}, Data: map[string][]byte{}}
	public := map[string]string{}
	for _, name := range []string{"account", "consensus", "vrf", "node"} {
		file := filepath.Join(t.TempDir(), name+".pem")
		_, err := run(t.Context(), e.posnet, "keys", "generate", "--out", file)
		must(t, err)
		key, _, err := keys.LoadPrivateFile(file)
		must(t, err)
		secret.Data["0."+name+".pem"] = keys.MarshalPrivatePEM(key)
		public[name] = chain.PublicKey(key.Public()).String()
	}
	must(t, e.api.Create(t.Context(), secret))
	s := small(t, v1alpha1.DeleteData)
	s.Spec.Validators.KeysSecretRef = &v1alpha1.SecretRef{Name: secret.Name}
	n := e.apply(t, namespace, s)
	n.ready()
	who, err := n.node(0).Node(t.Context())
	must(t, err)
	got := map[string]string{
		"account": chain.PublicKey(who.Address).String(), "consensus": who.ConsensusKey.String(), "vrf": who.VrfKey.String(), "node": who.PeerKey.String(),
	}
	for name, want := range public {
		if got[name] != want {
			t.Errorf("the %s key is %s, brought was %s", name, got[name], want)
		}
	}
	block := n.sameBlock(1, 1)
	if block.Forger != who.Address {
		t.Errorf("block 1 was forged by %s, not by the brought %s", block.Forger, who.Address)
	}
}
