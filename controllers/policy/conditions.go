package policy

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/posnet/posnet/api/v1alpha1"
	"github.com/posnet/posnet/node/chain"
)

// Problem is something that needs attention.
type Problem struct{ Reason, Message string }

// Pod is one validator pod.
type Pod struct {
	Ordinal int32
	// Ready as Kubernetes sees it.
	Ready bool
	// State as in v1alpha1.ValidatorStatus.
	State string
	// Message says why it does not run, where that is known.
	Message string
	// Outdated: the pod runs an older revision of the template.
	Outdated bool
}

// ChainView is the chain as the node sees it that is furthest ahead.
type ChainView struct {
	Height      uint64
	TotalStake  uint64
	OnlineStake uint64
	// Online are the stakes of the validators that are online.
	Online []uint64
}

// Facts are everything the conditions are computed from.
type Facts struct {
	// Wanted is spec.validators.replicas.
	Wanted int32
	// Scale is what was decided about it.
	Scale ScaleDecision
	// Pods are those that exist, by ordinal.
	Pods []Pod
	// GenesisHash, empty while there is none.
	GenesisHash string
	// Waiting says what the ceremony waits for, while there is no genesis.
	Waiting string
	// Problems, the most important first.
	Problems []Problem
	// Chain is nil while no node with a chain answers.
	Chain *ChainView
	// StakeDiffers says in what stake differs from the declared one; empty: in nothing.
	StakeDiffers string
	// RestartWaits says why pods with an older template are not restarted now; empty: nothing hinders it.
	RestartWaits string
}

// Condition is a condition without times.
type Condition struct {
	Type    string
	Status  metav1.ConditionStatus
	Reason  string
	Message string
}

// Conditions computes all conditions of a network, always all of them and in the same order.
func Conditions(f Facts) []Condition {
	available, progressing, degraded := available(f), progressing(f), degraded(f)
	return []Condition{
		ready(available, progressing, degraded),
		available, progressing, degraded, faultTolerant(f), genesisReady(f), stakeSynced(f),
	}
}

func condition(kind string, ok bool, reason, format string, args ...any) Condition {
	status := metav1.ConditionFalse
	if ok {
		status = metav1.ConditionTrue
	}
	return Condition{Type: kind, Status: status, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// ready sums up the others. A refused wish is no progress, and still not what was declared.
func ready(available, progressing, degraded Condition) Condition {
	no := func(reason string, because Condition) Condition {
		return condition(v1alpha1.ConditionReady, false, reason, "%s: %s", because.Reason, because.Message)
	}
	switch {
	case degraded.Status == metav1.ConditionTrue:
		return no(v1alpha1.ReasonDegraded, degraded)
	case progressing.Status == metav1.ConditionTrue:
		return no(v1alpha1.ReasonProgressing, progressing)
	case progressing.Reason == v1alpha1.ReasonScaleDownRefused:
		return no(v1alpha1.ReasonScaleDownRefused, progressing)
	case available.Status != metav1.ConditionTrue:
		return no(v1alpha1.ReasonNotAvailable, available)
	}
	return condition(v1alpha1.ConditionReady, true, v1alpha1.ReasonReady, "the network runs as declared")
}

func available(f Facts) Condition {
	const kind = v1alpha1.ConditionAvailable
	switch {
	case f.GenesisHash == "":
		return condition(kind, false, v1alpha1.ReasonWaitingForGenesis, "the chain has not begun")
	case f.Chain == nil:
		return condition(kind, false, v1alpha1.ReasonNotYetKnown, "no node answers")
	case !Quorum(f.Chain.OnlineStake, f.Chain.TotalStake):
		return condition(kind, false, v1alpha1.ReasonNoQuorum,
			"validators with %s of %s POS are online; nothing becomes final until it is more than 2/3",
			chain.FormatPOS(f.Chain.OnlineStake), chain.FormatPOS(f.Chain.TotalStake))
	}
	return condition(kind, true, v1alpha1.ReasonQuorumOnline, "more than 2/3 of stake is online")
}

func progressing(f Facts) Condition {
	const kind = v1alpha1.ConditionProgressing
	var waiting, starting, behind, outdated []string
	because := ""
	for _, p := range f.Pods {
		name := fmt.Sprintf("%d", p.Ordinal)
		if because == "" && p.Message != "" && p.State != StateStopped {
			because = fmt.Sprintf(" (validator %d: %s)", p.Ordinal, p.Message)
		}
		switch {
		case p.State == v1alpha1.StatePending || p.State == v1alpha1.StateUnreachable:
			waiting = append(waiting, name)
		case p.State == StateAwaitingGenesis:
			starting = append(starting, name)
		case p.State == StateCatchingUp:
			behind = append(behind, name)
		case !p.Ready && p.State != StateStopped:
			waiting = append(waiting, name)
		}
		if p.Outdated {
			outdated = append(outdated, name)
		}
	}
	switch {
	case f.GenesisHash == "" && f.Waiting != "":
		return condition(kind, true, v1alpha1.ReasonCollecting, "%s%s", f.Waiting, because)
	case f.Scale.Refused:
		return condition(kind, false, f.Scale.Reason, "%s", f.Scale.Message)
	case len(f.Pods) != int(f.Scale.Replicas):
		return condition(kind, true, v1alpha1.ReasonScaling, "%d of %d pods exist", len(f.Pods), f.Scale.Replicas)
	case len(waiting) > 0:
		return condition(kind, true, v1alpha1.ReasonWaitingForPods, "waiting for %s to answer and be ready%s", ordinals(waiting), because)
	case len(starting) > 0:
		return condition(kind, true, v1alpha1.ReasonStartingChain, "waiting for %s to start from the genesis", ordinals(starting))
	case len(behind) > 0:
		return condition(kind, true, v1alpha1.ReasonCatchingUp, "%s catching up", ordinals(behind))
	case len(outdated) > 0 && f.RestartWaits != "":
		return condition(kind, true, v1alpha1.ReasonWaitingToRestart, "%s still on the older template: %s", ordinals(outdated), f.RestartWaits)
	case len(outdated) > 0:
		return condition(kind, true, v1alpha1.ReasonRestartingPods, "%s still on the older template; restarting one at a time", ordinals(outdated))
	}
	return condition(kind, false, v1alpha1.ReasonStable, "nothing is in progress")
}

func ordinals(list []string) string {
	if len(list) == 1 {
		return "validator " + list[0]
	}
	return "validators " + strings.Join(list, ", ")
}

// States a node reports of itself.
const (
	StateAwaitingGenesis = "AwaitingGenesis"
	StateCatchingUp      = "CatchingUp"
	StateRunning         = "Running"
	StateStopped         = "Stopped"
)

func degraded(f Facts) Condition {
	const kind = v1alpha1.ConditionDegraded
	problems := f.Problems
	for _, p := range f.Pods {
		if p.State == StateStopped {
			problems = append(problems[:len(problems):len(problems)], Problem{
				v1alpha1.ReasonNodeStopped, fmt.Sprintf("validator %d stopped: %s", p.Ordinal, p.Message),
			})
		}
	}
	if len(problems) == 0 {
		return condition(kind, false, v1alpha1.ReasonAsExpected, "nothing needs attention")
	}
	messages := make([]string, len(problems))
	for i, p := range problems {
		messages[i] = p.Message
	}
	return condition(kind, true, problems[0].Reason, "%s", strings.Join(messages, "; "))
}

func faultTolerant(f Facts) Condition {
	const kind = v1alpha1.ConditionFaultTolerant
	switch {
	case f.Chain == nil:
		return Condition{kind, metav1.ConditionUnknown, v1alpha1.ReasonNotYetKnown, "no node with a chain answers"}
	case !SurvivesHeaviest(f.Chain.Online, f.Chain.TotalStake):
		return condition(kind, false, v1alpha1.ReasonHeaviestStops,
			"if the heaviest validator online stops, nothing becomes final until it is back: the others would hold 2/3 of stake or less")
	}
	return condition(kind, true, v1alpha1.ReasonSurvivesOneLoss, "any one validator may stop without stopping finality")
}

func genesisReady(f Facts) Condition {
	const kind = v1alpha1.ConditionGenesisReady
	for _, p := range f.Problems {
		switch p.Reason {
		case v1alpha1.ReasonGenesisMissing, v1alpha1.ReasonGenesisConflict, v1alpha1.ReasonGenesisMismatch, v1alpha1.ReasonGenesisInvalid:
			return condition(kind, false, p.Reason, "%s", p.Message)
		}
	}
	if f.GenesisHash == "" {
		return condition(kind, false, v1alpha1.ReasonCollecting, "%s", orElse(f.Waiting, "the ceremony has not finished"))
	}
	return condition(kind, true, v1alpha1.ReasonGenesisReady, "the chain is %s", f.GenesisHash)
}

func stakeSynced(f Facts) Condition {
	const kind = v1alpha1.ConditionStakeSynced
	switch {
	case f.Chain == nil:
		return Condition{kind, metav1.ConditionUnknown, v1alpha1.ReasonNotYetKnown, "no node with a chain answers"}
	case f.StakeDiffers != "":
		return condition(kind, false, v1alpha1.ReasonStakeDiffers, "%s", f.StakeDiffers)
	}
	return condition(kind, true, v1alpha1.ReasonSynced, "the stake on the chain is the declared one")
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
