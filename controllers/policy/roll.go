package policy

import (
	"fmt"

	"github.com/posnet/posnet/node/chain"
)

// RollPod is a validator pod as rolling sees it.
type RollPod struct {
	Ordinal int32
	// Voting: ready, running the chain, and caught up.
	Voting bool
	// Outdated: it runs an older revision of the template.
	Outdated bool
	Stake    uint64
}

// RollFacts are what decides whether a pod may be restarted.
type RollFacts struct {
	// Replicas is how many pods there should be.
	Replicas int32
	// Pods are those that exist, by ordinal.
	Pods []RollPod
	// Settled: the StatefulSet controller has seen the newest template, and has no older one left to go back to.
	Settled bool
	// Began: there is a genesis. Before, nothing can halt.
	Began bool
	// TotalStake of the chain.
	TotalStake uint64
	// HaltAllowed: the owner accepts that finality stops while a validator restarts.
	HaltAllowed bool
}

// RollDecision is the partition of the StatefulSet: pods from that ordinal up take the newest template.
type RollDecision struct {
	Partition int32
	// Waits says why no pod is restarted although one is outdated; empty otherwise.
	Waits string
}

// HaltAllowedAnnotation is the annotation that HaltAllowed speaks of, for messages.
const HaltAllowedAnnotation = "posnet.dev/allow-halt"

// Roll decides which pods may restart on a newer template: one validator at a time, the highest ordinal first, and only
// while all others vote and hold a quorum by themselves.
func Roll(f RollFacts) RollDecision {
	target := int32(-1)
	for _, p := range f.Pods {
		if p.Outdated && p.Ordinal > target {
			target = p.Ordinal
		}
	}
	switch {
	case target < 0 && f.Settled:
		// Nothing may move: a pod that is evicted while an owner prepares a change comes back as it was.
		return RollDecision{Partition: f.Replicas}
	case target < 0 || !f.Began:
		return RollDecision{}
	}
	wait := func(format string, args ...any) RollDecision {
		// Those above are restarted already and must not fall back when they are evicted.
		return RollDecision{Partition: target + 1, Waits: fmt.Sprintf(format, args...)}
	}
	if len(f.Pods) != int(f.Replicas) {
		return wait("only %d of %d pods exist", len(f.Pods), f.Replicas)
	}
	var remains uint64
	for _, p := range f.Pods {
		if p.Ordinal == target {
			continue
		}
		if !p.Voting {
			return wait("validator %d is not back yet", p.Ordinal)
		}
		remains += p.Stake
	}
	if !Quorum(remains, f.TotalStake) && !f.HaltAllowed {
		return wait("without validator %d only %s of %s POS would be online, and the chain would halt until it is back; "+
			"annotate the PoSNetwork with %s=true to accept that",
			target, chain.FormatPOS(remains), chain.FormatPOS(f.TotalStake), HaltAllowedAnnotation)
	}
	return RollDecision{Partition: target}
}
