package controllers

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/posnet/posnet/api/v1alpha1"
	"github.com/posnet/posnet/controllers/desired"
	"github.com/posnet/posnet/controllers/policy"
	"github.com/posnet/posnet/node/chain"
)

// ensureGenesis carries out what policy.Genesis decided.
func (r *Reconciler) ensureGenesis(ctx context.Context, p *pass) error {
	switch p.todo.Action {
	case policy.UseGenesis:
		r.forgetIdentities(p.net.UID)
		return r.compareGenesis(p)
	case policy.TakeBackGenesis:
		return r.takeBackGenesis(ctx, p)
	case policy.HoldCeremony:
		return r.holdCeremony(ctx, p)
	default:
		if p.todo.Reason == v1alpha1.ReasonGenesisMissing {
			return r.remakeGenesis(ctx, p)
		}
		p.problem(p.todo.Reason, "%s", p.todo.Message)
		return nil
	}
}

// compareGenesis says so when a genesis that was kept from an earlier network of this name is not what the spec declares.
// The chain runs on what it began with either way.
func (r *Reconciler) compareGenesis(p *pass) error {
	differs, err := desired.Declares(p.net, p.genesis)
	if err != nil {
		return blocked(v1alpha1.ReasonInvalidSpec, "%v", err)
	}
	if differs != "" {
		p.problem(v1alpha1.ReasonGenesisMismatch,
			"the chain was kept from an earlier PoSNetwork of this name and goes on by its own genesis: %s; "+
				"declare what the genesis has, or delete the PoSNetwork, ConfigMap %s and the volumes to begin a new chain",
			differs, desired.GenesisName(p.net.Name))
	}
	return nil
}

// takeBackGenesis fetches a lost genesis from a node and stores it again. Its hash is known from status, or from the
// nodes; in the second case the node must prove under the ceremony secret that it is a pod of this network.
func (r *Reconciler) takeBackGenesis(ctx context.Context, p *pass) error {
	var want chain.Hash
	if err := want.UnmarshalText([]byte(p.todo.Hash)); err != nil {
		return blocked(v1alpha1.ReasonGenesisInvalid, "status.genesisHash: %v", err)
	}
	for _, v := range p.pods {
		if v.node == nil || v.node.GenesisHash != p.todo.Hash {
			continue
		}
		if p.net.Status.GenesisHash == "" {
			if _, err := r.Nodes.Attest(ctx, v.pod.Status.PodIP, p.secret, string(p.net.UID), v.ordinal); err != nil {
				nodeErrors.Inc()
				continue
			}
		}
		g, file, err := r.Nodes.Genesis(ctx, v.pod.Status.PodIP, want)
		if err != nil {
			nodeErrors.Inc()
			continue
		}
		if err := r.storeGenesis(ctx, p, g, file); err != nil {
			return err
		}
		r.Events.Eventf(p.net, p.genesisMap, corev1.EventTypeWarning, "GenesisTakenBack", "TakeBackGenesis",
			"The genesis was gone and was taken back from %s: %s", v.pod.Name, p.todo.Hash)
		return r.compareGenesis(p)
	}
	p.problem(v1alpha1.ReasonGenesisMissing,
		"genesis %s is gone; no node that has it could hand it back yet, and no other is ever made", p.todo.Hash)
	return nil
}

// storeGenesis makes the genesis ConfigMap, once. Of two operators one wins; the other's Create fails, its pass ends, and
// its next pass reads what is there. A crash after Create leaves a complete genesis, and one before it leaves none.
func (r *Reconciler) storeGenesis(ctx context.Context, p *pass, g *chain.Genesis, file []byte) error {
	hash := g.Hash()
	stored := desired.GenesisConfigMap(p.net, file, hash.String())
	if err := r.Client.Create(ctx, stored, client.FieldOwner(FieldOwner)); err != nil {
		return fmt.Errorf("create ConfigMap %s: %w", stored.Name, err)
	}
	p.genesis, p.genesisMap = g, stored
	p.todo = policy.GenesisDecision{Action: policy.UseGenesis, Hash: hash.String()}
	return nil
}

// stillNone reads the network and its genesis once more from the API server itself, right before a genesis is made, and
// reports whether there is still no trace of one and the network is still the one the pass looked at.
func (r *Reconciler) stillNone(ctx context.Context, p *pass) (bool, error) {
	key := client.ObjectKeyFromObject(p.net)
	now := &v1alpha1.PoSNetwork{}
	if err := r.Reader.Get(ctx, key, now); err != nil {
		return false, fmt.Errorf("get PoSNetwork: %w", err)
	}
	if now.UID != p.net.UID || now.Generation != p.net.Generation || now.Status.GenesisHash != "" || !now.DeletionTimestamp.IsZero() {
		return false, nil
	}
	key.Name = desired.GenesisName(p.net.Name)
	err := r.Reader.Get(ctx, key, &corev1.ConfigMap{})
	if apierrors.IsNotFound(err) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("get genesis ConfigMap: %w", err)
	}
	return false, nil
}
