package controllers

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/posnet/posnet/api/v1alpha1"
	"github.com/posnet/posnet/controllers/chainclient"
	"github.com/posnet/posnet/controllers/desired"
	"github.com/posnet/posnet/controllers/policy"
	"github.com/posnet/posnet/node/chain"
)

// writeStatus computes the status and writes it if it says something new, once. It reports whether the network is Ready.
func (r *Reconciler) writeStatus(ctx context.Context, p *pass) (ready bool, err error) {
	old := &p.net.Status
	next := r.status(p)
	ready = apimeta.IsStatusConditionTrue(next.Conditions, v1alpha1.ConditionReady)
	r.observeMetrics(p, ready)
	if !r.worthWriting(old, next) {
		return ready, nil
	}
	changed := p.net.DeepCopy()
	changed.Status = *next
	patch := client.MergeFromWithOptions(p.net, client.MergeFromWithOptimisticLock{})
	switch err := r.Client.Status().Patch(ctx, changed, patch, client.FieldOwner(FieldOwner)); {
	case apierrors.IsNotFound(err):
		return ready, nil // deleted meanwhile: there is nobody to tell
	case err != nil:
		return false, fmt.Errorf("write status: %w", err)
	}
	r.announce(p.net, old, next)
	return ready, nil
}

// worthWriting compares all but the height, which moves all the time and alone is written every HeightInterval.
func (r *Reconciler) worthWriting(old, next *v1alpha1.PoSNetworkStatus) bool {
	frozen := next.DeepCopy()
	frozen.Height, frozen.HeightTime = old.Height, old.HeightTime
	if !equality.Semantic.DeepEqual(old, frozen) {
		return true
	}
	if next.Height == old.Height {
		return false
	}
	return old.HeightTime == nil || r.Now().Sub(old.HeightTime.Time) >= HeightInterval
}

func (r *Reconciler) status(p *pass) *v1alpha1.PoSNetworkStatus {
	n := p.net
	next := n.Status.DeepCopy()
	next.ObservedGeneration = n.Generation
	next.ChainID = desired.ChainID(n)
	if p.genesis != nil {
		next.ChainID = p.genesis.ChainID
	}
	if hash := p.genesisHash(); hash != "" && next.GenesisHash == "" {
		next.GenesisHash = hash
	}
	if p.image != "" {
		next.Image = p.image
	}
	if p.scale.Replicas > 0 {
		next.Replicas = p.scale.Replicas
	}
	next.Selector = desired.Selector(n.Name)
	fillValidators(p, next)
	fillChain(p, next, r.Now())
	for _, c := range policy.Conditions(p.facts()) {
		apimeta.SetStatusCondition(&next.Conditions, metav1.Condition{
			Type: c.Type, Status: c.Status, Reason: c.Reason, Message: cut(c.Message, 1024), ObservedGeneration: n.Generation,
			LastTransitionTime: metav1.NewTime(r.Now().Truncate(time.Second)),
		})
	}
	return next
}

func fillChain(p *pass, next *v1alpha1.PoSNetworkStatus, now time.Time) {
	if p.chain == nil {
		// What was known of stake stays; that nobody is known to be online is news.
		if next.TotalStake != "" {
			next.OnlineStake, next.OnlineShare = "0", "0%"
		}
		return
	}
	total, online := p.chain.validators.TotalStake, p.chain.status.OnlineStake
	next.TotalStake, next.OnlineStake = pos(total), pos(online)
	next.OnlineShare = fmt.Sprintf("%d%%", percent(online, total, 1))
	if h := int64(p.chain.status.Height); h >= next.Height {
		next.Height = h
		t := metav1.NewTime(now.Truncate(time.Second))
		next.HeightTime = &t
	}
}

func fillValidators(p *pass, next *v1alpha1.PoSNetworkStatus) {
	stakes, total, err := p.stakes(max(p.scale.Replicas, desired.Replicas(p.net)))
	if err != nil {
		return // said by the condition already
	}
	before := map[int32]v1alpha1.ValidatorStatus{}
	for _, v := range p.net.Status.Validators {
		before[v.Ordinal] = v
	}
	next.Validators = nil
	ready := 0
	for _, v := range p.pods {
		if v.ready() {
			ready++
		}
		s := v1alpha1.ValidatorStatus{
			Ordinal: v.ordinal, State: v.state(), Version: before[v.ordinal].Version, Message: cut(v.trouble(), 512),
		}
		if a, ok := p.address(v.ordinal); ok {
			s.Address = a.String()
		}
		if int(v.ordinal) < len(stakes) && p.genesisHash() != "" {
			stake := stakes[v.ordinal]
			hundredths := percent(stake, total, 100)
			s.Stake, s.Share = pos(stake), fmt.Sprintf("%d.%02d%%", hundredths/100, hundredths%100)
		}
		if v.node != nil {
			s.Version = v.node.Version
			if s.Message == "" {
				s.Message = cut(v.node.Message, 512)
			}
		}
		next.Validators = append(next.Validators, s)
	}
	next.ReadyValidators = fmt.Sprintf("%d/%d", ready, desired.Replicas(p.net))
}

// percent is part of whole in 1/scale percent, rounded down; 0 of nothing. Both are at most chain.MaxSupply, so the
// quotient is taken first where the product would not fit.
func percent(part, whole, scale uint64) uint64 {
	if whole == 0 {
		return 0
	}
	if part > (1<<63)/(100*scale) {
		return part / (whole/(100*scale) + 1)
	}
	return part * 100 * scale / whole
}

func pos(units uint64) v1alpha1.POS { return v1alpha1.POS(chain.FormatPOS(units)) }

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n-1], "")
}

// facts are what the conditions are computed from.
func (p *pass) facts() policy.Facts {
	f := policy.Facts{
		Wanted: desired.Replicas(p.net), Scale: p.scale, GenesisHash: p.genesisHash(), Waiting: p.waiting,
		Problems: p.problems, RestartWaits: p.restartWaits,
	}
	for _, v := range p.pods {
		pod := policy.Pod{Ordinal: v.ordinal, Ready: v.ready(), State: v.state(), Outdated: v.outdated, Message: v.trouble()}
		if v.node != nil && pod.Message == "" {
			pod.Message = v.node.Message
		}
		f.Pods = append(f.Pods, pod)
	}
	if p.chain == nil {
		return f
	}
	f.Chain = &policy.ChainView{
		Height: p.chain.status.Height, TotalStake: p.chain.validators.TotalStake, OnlineStake: p.chain.status.OnlineStake,
	}
	for _, v := range p.chain.validators.Validators {
		if v.Online {
			f.Chain.Online = append(f.Chain.Online, v.Stake)
		}
	}
	f.StakeDiffers = stakeDiffers(p)
	return f
}

// stakeDiffers compares what is bonded to each pod's validator with what is declared, and says where they differ.
func stakeDiffers(p *pass) string {
	bonded := map[chain.Address]chainclient.Validator{}
	for _, v := range p.chain.validators.Validators {
		bonded[v.Address] = v
	}
	var differ []string
	for ordinal := range p.scale.Replicas {
		declared, err := desired.Stake(p.net, ordinal)
		if err != nil {
			return "" // said by Degraded already
		}
		if a, ok := p.address(ordinal); ok && bonded[a].Bonded != declared {
			differ = append(differ, fmt.Sprintf("validator %d has %s POS of %s", ordinal, pos(bonded[a].Bonded), pos(declared)))
		}
	}
	if len(differ) == 0 {
		return ""
	}
	const show = 5
	more := ""
	if len(differ) > show {
		more, differ = fmt.Sprintf(" and %d more differ", len(differ)-show), differ[:show]
	}
	return strings.Join(differ, ", ") + more + "; this version bonds stake in the genesis only, so pods added later follow the chain without stake"
}

// announce tells what changed as events: of each condition that people wait for or must see to, once per change.
func (r *Reconciler) announce(n *v1alpha1.PoSNetwork, old, next *v1alpha1.PoSNetworkStatus) {
	for _, kind := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionDegraded, v1alpha1.ConditionProgressing} {
		was, is := apimeta.FindStatusCondition(old.Conditions, kind), apimeta.FindStatusCondition(next.Conditions, kind)
		if is == nil || (was != nil && was.Status == is.Status && was.Reason == is.Reason) {
			continue
		}
		level := corev1.EventTypeNormal
		switch kind {
		case v1alpha1.ConditionDegraded:
			if is.Status != metav1.ConditionTrue {
				continue
			}
			level = corev1.EventTypeWarning
		case v1alpha1.ConditionProgressing:
			if is.Reason == v1alpha1.ReasonStable {
				continue
			}
			if is.Reason == v1alpha1.ReasonScaleDownRefused {
				level = corev1.EventTypeWarning
			}
		case v1alpha1.ConditionReady:
			if is.Status != metav1.ConditionTrue {
				continue // the condition that made it so speaks for itself
			}
		}
		r.Events.Eventf(n, nil, level, is.Reason, "Reconcile", "%s", is.Message)
	}
}
