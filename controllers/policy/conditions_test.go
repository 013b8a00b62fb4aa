package policy_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/posnet/posnet/api/v1alpha1"
	"github.com/posnet/posnet/controllers/policy"
)

// healthy is a network of four equal validators where all is well.
func healthy() policy.Facts {
	f := policy.Facts{
		Wanted: 4, Scale: policy.ScaleDecision{Replicas: 4}, GenesisHash: "aaaa",
		Chain: &policy.ChainView{Height: 7, TotalStake: 40, OnlineStake: 40, Online: []uint64{10, 10, 10, 10}},
	}
	for i := range int32(4) {
		f.Pods = append(f.Pods, policy.Pod{Ordinal: i, Ready: true, State: policy.StateRunning})
	}
	return f
}

func TestConditions(t *testing.T) {
	t.Parallel()
	type want map[string]string // condition -> "Status/Reason"
	for name, c := range map[string]struct {
		change func(*policy.Facts)
		want   want
	}{
		"all is well": {func(*policy.Facts) {}, want{
			"Ready": "True/Ready", "Available": "True/QuorumOnline", "Progressing": "False/Stable", "Degraded": "False/AsExpected",
			"FaultTolerant": "True/SurvivesOneLoss", "GenesisReady": "True/GenesisReady", "StakeSynced": "True/Synced",
		}},
		"before the genesis": {func(f *policy.Facts) {
			*f = policy.Facts{Wanted: 4, Scale: policy.ScaleDecision{Replicas: 4}, Waiting: "2 of 4 validator pods exist"}
		}, want{
			"Ready": "False/Progressing", "Available": "False/WaitingForGenesis", "Progressing": "True/CollectingIdentities",
			"GenesisReady": "False/CollectingIdentities", "FaultTolerant": "Unknown/NotYetKnown", "StakeSynced": "Unknown/NotYetKnown",
		}},
		"nodes have not read the genesis yet": {func(f *policy.Facts) {
			f.Chain, f.Pods[2].State, f.Pods[2].Ready = nil, policy.StateAwaitingGenesis, false
		}, want{"Ready": "False/Progressing", "Available": "False/NotYetKnown", "Progressing": "True/StartingChain"}},
		"one validator is away": {func(f *policy.Facts) {
			f.Pods[1].State, f.Pods[1].Ready = v1alpha1.StatePending, false
			f.Chain.OnlineStake, f.Chain.Online = 30, []uint64{10, 10, 10}
		}, want{
			"Ready": "False/Progressing", "Available": "True/QuorumOnline", "Progressing": "True/WaitingForPods",
			"FaultTolerant": "False/HeaviestValidatorStops",
		}},
		"one validator catches up": {func(f *policy.Facts) { f.Pods[1].State, f.Pods[1].Ready = policy.StateCatchingUp, false }, want{
			"Progressing": "True/CatchingUp", "Available": "True/QuorumOnline"}},
		"exactly two thirds are online": {func(f *policy.Facts) {
			f.Chain = &policy.ChainView{TotalStake: 30, OnlineStake: 20, Online: []uint64{10, 10}}
		}, want{"Ready": "False/NotAvailable", "Available": "False/NoQuorum"}},
		"no node answers": {func(f *policy.Facts) {
			f.Chain = nil
			for i := range f.Pods {
				f.Pods[i].State = v1alpha1.StateUnreachable
			}
		}, want{"Ready": "False/Progressing", "Available": "False/NotYetKnown", "Progressing": "True/WaitingForPods"}},
		"three equal validators run, and none may fail": {func(f *policy.Facts) {
			f.Wanted, f.Scale.Replicas, f.Pods = 3, 3, f.Pods[:3]
			f.Chain = &policy.ChainView{TotalStake: 30, OnlineStake: 30, Online: []uint64{10, 10, 10}}
		}, want{"Ready": "True/Ready", "FaultTolerant": "False/HeaviestValidatorStops"}},
		"shrinking is refused": {func(f *policy.Facts) {
			f.Scale = policy.ScaleDecision{Replicas: 4, Refused: true, Reason: v1alpha1.ReasonScaleDownRefused, Message: "kept"}
		}, want{"Ready": "False/ScaleDownRefused", "Progressing": "False/ScaleDownRefused", "Available": "True/QuorumOnline"}},
		"a fifth pod is being made": {func(f *policy.Facts) { f.Wanted, f.Scale.Replicas = 5, 5 }, want{
			"Ready": "False/Progressing", "Progressing": "True/Scaling"}},
		"the genesis is gone": {func(f *policy.Facts) {
			f.Problems = []policy.Problem{{Reason: v1alpha1.ReasonGenesisMissing, Message: "gone"}}
		}, want{"Ready": "False/Degraded", "Degraded": "True/GenesisMissing", "GenesisReady": "False/GenesisMissing", "Available": "True/QuorumOnline"}},
		"the treasury is gone": {func(f *policy.Facts) {
			f.Problems = []policy.Problem{{Reason: v1alpha1.ReasonTreasuryMissing, Message: "gone"}}
		}, want{"Degraded": "True/TreasuryMissing", "GenesisReady": "True/GenesisReady"}},
		"a node stopped itself": {func(f *policy.Facts) {
			f.Pods[3].State, f.Pods[3].Ready, f.Pods[3].Message = policy.StateStopped, false, "two of me"
		}, want{"Ready": "False/Degraded", "Degraded": "True/NodeStopped"}},
		"pods wait to be restarted": {func(f *policy.Facts) { f.Pods[0].Outdated, f.RestartWaits = true, "validator 1 is not back yet" }, want{
			"Progressing": "True/WaitingToRestart"}},
		"pods are being restarted": {func(f *policy.Facts) { f.Pods[0].Outdated = true }, want{"Progressing": "True/RestartingPods"}},
		"stake differs from what is declared": {func(f *policy.Facts) { f.StakeDiffers = "validator 4 has 0 POS of 1000" }, want{
			"StakeSynced": "False/StakeDiffers", "Ready": "True/Ready"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := healthy()
			c.change(&f)
			got := map[string]string{}
			for _, condition := range policy.Conditions(f) {
				got[condition.Type] = string(condition.Status) + "/" + condition.Reason
				if condition.Message == "" {
					t.Errorf("%s has no message", condition.Type)
				}
			}
			if len(got) != 7 {
				t.Errorf("%d conditions, want all 7: %v", len(got), got)
			}
			for kind, w := range c.want {
				if got[kind] != w {
					t.Errorf("%s is %s, want %s", kind, got[kind], w)
				}
			}
		})
	}
}

func TestWhyAPodDoesNotRunIsSaid(t *testing.T) {
	t.Parallel()
	f := healthy()
	f.Pods[2] = policy.Pod{Ordinal: 2, State: v1alpha1.StatePending, Message: "ImagePullBackOff: cannot pull posnet:typo"}
	for _, c := range policy.Conditions(f) {
		if c.Type == v1alpha1.ConditionProgressing && !strings.Contains(c.Message, "validator 2: ImagePullBackOff: cannot pull posnet:typo") {
			t.Errorf("Progressing says %q", c.Message)
		}
	}
}

func TestConditionsDoNotChangeTheirFacts(t *testing.T) {
	t.Parallel()
	f := healthy()
	f.Problems = make([]policy.Problem, 1, 8)
	f.Pods[0].State = policy.StateStopped
	before := len(f.Problems)
	for range 3 {
		for _, c := range policy.Conditions(f) {
			if c.Type == v1alpha1.ConditionDegraded && c.Status != metav1.ConditionTrue {
				t.Errorf("degraded is %s", c.Status)
			}
		}
	}
	if len(f.Problems) != before || f.Problems[:2][1] != (policy.Problem{}) {
		t.Errorf("the facts were changed: %+v", f.Problems[:2])
	}
}
