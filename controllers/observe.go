package controllers

import (
	"context"
	"fmt"
	"slices"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/posnet/posnet/api/v1alpha1"
	"github.com/posnet/posnet/controllers/chainclient"
	"github.com/posnet/posnet/controllers/desired"
	"github.com/posnet/posnet/controllers/policy"
	"github.com/posnet/posnet/node/chain"
)

// askAtOnce bounds how many nodes are asked concurrently.
const askAtOnce = 16

// observe fetches everything the decisions need: from caches, except the genesis.
func (r *Reconciler) observe(ctx context.Context, p *pass) error {
	if err := r.observeSet(ctx, p); err != nil {
		return err
	}
	if err := r.observeGenesis(ctx, p); err != nil {
		return err
	}
	r.askNodes(ctx, p)
	r.askChain(ctx, p)
	return nil
}

func (r *Reconciler) observeSet(ctx context.Context, p *pass) error {
	n := p.net
	set := &appsv1.StatefulSet{}
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: n.Namespace, Name: desired.StatefulSetName(n.Name)}, set)
	if apierrors.IsNotFound(err) || (err == nil && !metav1.IsControlledBy(set, n)) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("get StatefulSet: %w", err)
	}
	p.set = set
	var pods corev1.PodList
	if err := r.Client.List(ctx, &pods, client.InNamespace(n.Namespace), client.MatchingLabels(desired.SelectorLabels(n.Name))); err != nil {
		return fmt.Errorf("list pods: %w", err)
	}
	for i := range pods.Items {
		pod := &pods.Items[i]
		// A label is easily copied. The owner is set by the StatefulSet controller, by UID.
		ordinal, ok := desired.Ordinal(n.Name, pod.Name)
		if !ok || !metav1.IsControlledBy(pod, set) {
			continue
		}
		bound, err := r.claimBound(ctx, n, ordinal)
		if err != nil {
			return err
		}
		revision := pod.Labels[appsv1.ControllerRevisionHashLabelKey]
		p.pods = append(p.pods, &podView{
			ordinal: ordinal, pod: pod, bound: bound,
			outdated: set.Status.UpdateRevision != "" && revision != set.Status.UpdateRevision,
		})
	}
	slices.SortFunc(p.pods, func(a, b *podView) int { return int(a.ordinal - b.ordinal) })
	return nil
}

func (r *Reconciler) claimBound(ctx context.Context, n *v1alpha1.PoSNetwork, ordinal int32) (bool, error) {
	claim := &corev1.PersistentVolumeClaim{}
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: n.Namespace, Name: desired.ClaimName(n.Name, ordinal)}, claim)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("get volume claim: %w", err)
	}
	return claim.Status.Phase == corev1.ClaimBound, nil
}

// observeGenesis reads the stored genesis from the API server itself: whether there is one decides about a ceremony, and a
// cache may be behind.
func (r *Reconciler) observeGenesis(ctx context.Context, p *pass) error {
	stored := &corev1.ConfigMap{}
	err := r.Reader.Get(ctx, client.ObjectKey{Namespace: p.net.Namespace, Name: desired.GenesisName(p.net.Name)}, stored)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("get genesis ConfigMap: %w", err)
	}
	g, err := chain.ParseGenesis([]byte(stored.Data[desired.GenesisFile]))
	if err != nil {
		return blocked(v1alpha1.ReasonGenesisInvalid,
			"ConfigMap %s holds no genesis: %v; delete it, and the right one is taken back from a node", stored.Name, err)
	}
	p.genesis, p.genesisMap = g, stored
	return nil
}

// askNodes asks every running pod who it is. A node that does not answer is left out; its pod says the rest.
func (r *Reconciler) askNodes(ctx context.Context, p *pass) {
	each(p.pods, func(v *podView) {
		if !v.running() {
			return
		}
		node, err := r.Nodes.Node(ctx, v.pod.Status.PodIP)
		if err != nil {
			nodeErrors.Inc()
			return
		}
		v.node = &node
	})
}

// askChain asks the node that is furthest ahead about the chain, and the next one if it does not answer.
func (r *Reconciler) askChain(ctx context.Context, p *pass) {
	var best []*podView
	for _, v := range p.pods {
		if v.node != nil && v.node.GenesisHash != "" && v.node.State != policy.StateStopped {
			best = append(best, v)
		}
	}
	slices.SortStableFunc(best, func(a, b *podView) int {
		switch {
		case a.node.Height > b.node.Height:
			return -1
		case a.node.Height < b.node.Height:
			return 1
		default:
			return 0
		}
	})
	for _, v := range best[:min(3, len(best))] {
		status, err := r.Nodes.Status(ctx, v.pod.Status.PodIP)
		if err == nil {
			var validators chainclient.Validators
			if validators, err = r.Nodes.Validators(ctx, v.pod.Status.PodIP); err == nil {
				p.chain = &chainView{status: status, validators: validators}
				return
			}
		}
		nodeErrors.Inc()
	}
}

// each runs do for every pod, some at once, and waits.
func each(pods []*podView, do func(*podView)) {
	var wait sync.WaitGroup
	slots := make(chan struct{}, askAtOnce)
	for _, v := range pods {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			do(v)
		})
	}
	wait.Wait()
}
