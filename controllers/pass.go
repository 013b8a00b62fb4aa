package controllers

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/posnet/posnet/api/v1alpha1"
	"github.com/posnet/posnet/controllers/chainclient"
	"github.com/posnet/posnet/controllers/desired"
	"github.com/posnet/posnet/controllers/policy"
	"github.com/posnet/posnet/node/chain"
)

// pass is what one look at a network found and decided. It lives as long as one Reconcile.
type pass struct {
	net *v1alpha1.PoSNetwork

	// Observed.
	set        *appsv1.StatefulSet // nil: none yet
	pods       []*podView          // of this network's StatefulSet, by ordinal
	genesis    *chain.Genesis      // nil: none stored
	genesisMap *corev1.ConfigMap
	chain      *chainView // nil: no node with a chain answers

	// Decided.
	image        string
	scale        policy.ScaleDecision
	partition    int32
	deleteClaims bool
	unavailable  int32
	restartWaits string
	todo         policy.GenesisDecision

	secret   []byte // the ceremony's
	waiting  string // what the ceremony waits for
	problems []policy.Problem
}

// podView is one validator pod and what its node says.
type podView struct {
	ordinal  int32
	pod      *corev1.Pod
	bound    bool // its volume claim is
	outdated bool // it runs an older revision
	node     *chainclient.Node
}

// chainView is the chain as the node sees it that is furthest ahead.
type chainView struct {
	status     chainclient.Status
	validators chainclient.Validators
}

func newPass(n *v1alpha1.PoSNetwork) *pass { return &pass{net: n} }

func (p *pass) problem(reason, format string, args ...any) {
	p.problems = append(p.problems, policy.Problem{Reason: reason, Message: fmt.Sprintf(format, args...)})
}

// running reports whether the pod's node can be expected to answer.
func (v *podView) running() bool {
	return v.pod.DeletionTimestamp.IsZero() && v.pod.Status.Phase == corev1.PodRunning && v.pod.Status.PodIP != ""
}

func (v *podView) ready() bool {
	for _, c := range v.pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue && v.pod.DeletionTimestamp.IsZero()
		}
	}
	return false
}

// state in the words of status.
func (v *podView) state() string {
	switch {
	case !v.running():
		return v1alpha1.StatePending
	case v.node == nil:
		return v1alpha1.StateUnreachable
	default:
		return v.node.State
	}
}

// trouble is why a pod does not run, in words that stay the same while it does not; empty if nothing is known to be wrong.
func (v *podView) trouble() string {
	for _, c := range v.pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return c.Reason + ": " + c.Message
		}
	}
	for _, c := range slices.Concat(v.pod.Status.InitContainerStatuses, v.pod.Status.ContainerStatuses) {
		waiting := c.State.Waiting
		if waiting == nil {
			continue
		}
		switch waiting.Reason {
		case "ErrImagePull", "ImagePullBackOff": // the two take turns
			return "ImagePullBackOff: cannot pull " + c.Image
		case "CrashLoopBackOff":
			if last := c.LastTerminationState.Terminated; last != nil {
				return fmt.Sprintf("CrashLoopBackOff: container %s ended with exit code %d; kubectl logs --previous %s -c %s says why",
					c.Name, last.ExitCode, v.pod.Name, c.Name)
			}
			return "CrashLoopBackOff: container " + c.Name
		case "CreateContainerConfigError", "InvalidImageName", "CreateContainerError":
			return waiting.Reason + ": " + waiting.Message
		}
	}
	return ""
}

// allRunning reports whether every wanted pod runs, so that only nodes and no machinery of Kubernetes is waited for.
func (p *pass) allRunning() bool {
	if len(p.pods) == 0 || len(p.pods) < int(p.scale.Replicas) {
		return false
	}
	for _, v := range p.pods {
		if !v.running() {
			return false
		}
	}
	return true
}

// genesisHash is the hash of the network's genesis, also while it is lost; empty before there is one.
func (p *pass) genesisHash() string {
	if p.genesis != nil {
		return p.genesis.Hash().String()
	}
	return p.todo.Hash
}

// address of the validator of an ordinal: from its node, else from the last status. ok is false when nobody knows.
func (p *pass) address(ordinal int32) (a chain.Address, ok bool) {
	for _, v := range p.pods {
		if v.ordinal == ordinal && v.node != nil && !v.node.Address.IsZero() {
			return v.node.Address, true
		}
	}
	for _, v := range p.net.Status.Validators {
		if v.Ordinal == ordinal && v.Address != "" {
			a, err := chain.ParseAddress(v.Address)
			return a, err == nil
		}
	}
	return chain.Address{}, false
}

// stakes are the stakes of the first n ordinals and all stake of the chain, in base units: as a node reports them, else as
// the genesis has them, else as declared.
func (p *pass) stakes(n int32) (list []uint64, total uint64, err error) {
	known := map[chain.Address]uint64{}
	switch {
	case p.chain != nil:
		for _, v := range p.chain.validators.Validators {
			known[v.Address] = v.Stake
		}
		total = p.chain.validators.TotalStake
	case p.genesis != nil:
		for _, b := range p.genesis.Bonds {
			known[b.Validator] += b.Amount
			total += b.Amount
		}
	}
	declared := uint64(0)
	for ordinal := range n {
		stake, err := desired.Stake(p.net, ordinal)
		if err != nil {
			return nil, 0, blocked(v1alpha1.ReasonInvalidSpec, "%v", err)
		}
		declared += stake
		if total > 0 {
			// Somebody nobody has heard of yet may hold what was declared; one who is known holds what is known.
			if a, ok := p.address(ordinal); ok {
				stake = known[a]
			}
		}
		list = append(list, stake)
	}
	if total == 0 {
		total = declared
	}
	return list, total, nil
}
