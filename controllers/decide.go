package controllers

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/posnet/posnet/controllers/desired"
	"github.com/posnet/posnet/controllers/policy"
)

// decide asks package policy what to do with what was observed.
func (r *Reconciler) decide(_ context.Context, p *pass) error {
	facts := policy.GenesisFacts{InStatus: p.net.Status.GenesisHash}
	if p.genesis != nil {
		facts.Stored = p.genesis.Hash().String()
	}
	for _, v := range p.pods {
		if v.node != nil && v.node.GenesisHash != "" {
			facts.Reported = append(facts.Reported, v.node.GenesisHash)
		}
	}
	p.todo = policy.Genesis(facts)

	wanted := desired.Replicas(p.net)
	current := wanted
	if p.set != nil && p.set.Spec.Replicas != nil {
		current = *p.set.Spec.Replicas
	}
	stakes, total, err := p.stakes(max(wanted, current))
	if err != nil {
		return err
	}
	began := p.todo.Action != policy.HoldCeremony
	if p.scale = (policy.ScaleDecision{Replicas: wanted}); began {
		p.scale = policy.Scale(current, wanted, stakes, total)
	}
	p.unavailable, _ = policy.MaxUnavailable(stakes[:p.scale.Replicas], total)
	p.deleteClaims = claimsMayGo(p)
	r.decideRoll(p, stakes, total, began)
	p.image = desired.Image(p.net, p.pinnedImage(), r.Config.Image)
	return nil
}

// claimsMayGo decides whether volume claims go with the StatefulSet. The StatefulSet controller makes it so by writing to
// each claim, and a claim that is written to while the scheduler binds it makes the scheduler begin again, seconds later:
// so not before all are bound, and not taken back for a pod that is added.
func claimsMayGo(p *pass) bool {
	if desired.Retained(p.net) {
		return false
	}
	if p.set != nil {
		policy := p.set.Spec.PersistentVolumeClaimRetentionPolicy
		if policy != nil && policy.WhenDeleted == appsv1.DeletePersistentVolumeClaimRetentionPolicyType {
			return true
		}
	}
	for _, v := range p.pods {
		if !v.bound {
			return false
		}
	}
	return len(p.pods) >= int(p.scale.Replicas)
}

func (r *Reconciler) decideRoll(p *pass, stakes []uint64, total uint64, began bool) {
	if p.set == nil {
		p.partition = p.scale.Replicas
		return
	}
	facts := policy.RollFacts{
		Replicas: p.scale.Replicas, Began: began, TotalStake: total,
		HaltAllowed: p.net.Annotations[policy.HaltAllowedAnnotation] == "true",
		Settled:     p.set.Status.CurrentRevision == p.set.Status.UpdateRevision,
	}
	for _, v := range p.pods {
		pod := policy.RollPod{
			Ordinal: v.ordinal, Outdated: v.outdated,
			Voting: v.ready() && v.node != nil && v.node.State == policy.StateRunning,
		}
		if int(v.ordinal) < len(stakes) {
			pod.Stake = stakes[v.ordinal]
		}
		facts.Pods = append(facts.Pods, pod)
	}
	d := policy.Roll(facts)
	if p.set.Status.ObservedGeneration != p.set.Generation && p.set.Spec.UpdateStrategy.RollingUpdate != nil {
		// Revisions in its status are of an older template: whatever was decided from them waits.
		if live := p.set.Spec.UpdateStrategy.RollingUpdate.Partition; live != nil && d.Partition < *live {
			d.Partition = *live
		}
	}
	p.partition, p.restartWaits = min(d.Partition, p.scale.Replicas), d.Waits
}

// pinnedImage is the image the network already runs; empty before its first pod.
func (p *pass) pinnedImage() string {
	if p.set != nil {
		for _, c := range p.set.Spec.Template.Spec.Containers {
			if c.Name == desired.NodeContainer {
				return c.Image
			}
		}
	}
	return p.net.Status.Image
}

func (p *pass) input(c Config) desired.Input {
	return desired.Input{
		Network: p.net, Image: p.image, Replicas: p.scale.Replicas, Partition: p.partition, MaxUnavailable: p.unavailable,
		DeleteClaims: p.deleteClaims, OperatorNamespace: c.Namespace, ClusterDomain: c.ClusterDomain,
	}
}
