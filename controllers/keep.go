package controllers

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/posnet/posnet/api/v1alpha1"
	"github.com/posnet/posnet/controllers/desired"
	"github.com/posnet/posnet/controllers/policy"
)

// ensureRetention makes the network own its durable objects exactly when its data is to go with it. Only the operator's
// own owner reference comes and goes.
func (r *Reconciler) ensureRetention(ctx context.Context, p *pass) error {
	var durable []client.Object
	if p.genesisMap != nil {
		durable = append(durable, p.genesisMap)
	}
	for _, name := range []string{desired.TreasuryName(p.net.Name), desired.FaucetName(p.net.Name)} {
		s, err := r.secretNamed(ctx, p.net, name)
		if err != nil {
			return err
		}
		if s != nil {
			durable = append(durable, s)
		}
	}
	for _, o := range durable {
		next := o.DeepCopyObject().(client.Object)
		setOwner(p.net, next)
		if err := r.patchIfChanged(ctx, o, next); err != nil {
			return err
		}
	}
	return nil
}

// setOwner adds or removes the network as an owner. A PoSNetwork of an earlier life, with another UID, owns nothing any
// more; its reference would make the garbage collector delete what was kept.
func setOwner(n *v1alpha1.PoSNetwork, o client.Object) {
	var owners []metav1.OwnerReference
	for _, ref := range o.GetOwnerReferences() {
		if ref.Kind != v1alpha1.Kind || ref.Name != n.Name {
			owners = append(owners, ref)
		}
	}
	if !desired.Retained(n) {
		owners = append(owners, desired.OwnerReference(n))
	}
	o.SetOwnerReferences(owners)
}

// wakePods annotates pods that wait for a genesis which is there. The kubelet looks at the volumes of a pod about once a
// minute, and at once when the pod changes.
func (r *Reconciler) wakePods(ctx context.Context, p *pass) error {
	if p.genesis == nil {
		return nil
	}
	hash := p.genesis.Hash().String()
	for _, v := range p.pods {
		waits := v.node != nil && v.node.State == policy.StateAwaitingGenesis
		if !waits || v.pod.Annotations[desired.GenesisHashAnnotation] == hash || !v.pod.DeletionTimestamp.IsZero() {
			continue
		}
		next := v.pod.DeepCopy()
		metav1.SetMetaDataAnnotation(&next.ObjectMeta, desired.GenesisHashAnnotation, hash)
		err := r.Client.Patch(ctx, next, client.MergeFrom(v.pod), client.FieldOwner(FieldOwner))
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("annotate pod %s: %w", v.pod.Name, err)
		}
	}
	return nil
}
