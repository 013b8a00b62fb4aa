package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/posnet/posnet/api/v1alpha1"
)

// GenesisAction is what to do about the genesis.
type GenesisAction int

const (
	// UseGenesis: it is stored; use it.
	UseGenesis GenesisAction = iota
	// TakeBackGenesis: it is lost here and held by nodes; fetch the one with Hash from a node and store it again.
	TakeBackGenesis
	// HoldCeremony: the network never had one as far as anybody knows. Every pod must still say so itself before one is
	// made: silence is no proof.
	HoldCeremony
	// LeaveGenesis: nothing can be done without a person; Reason and Message say what.
	LeaveGenesis
)

// GenesisFacts are all places a genesis leaves its trace.
type GenesisFacts struct {
	// Stored is the hash of the stored genesis (its ConfigMap), empty without one.
	Stored string
	// InStatus is status.genesisHash.
	InStatus string
	// Reported are the hashes that nodes of the network report, without the empty ones; their order does not matter.
	Reported []string
}

// GenesisDecision is an action, and which genesis it is about.
type GenesisDecision struct {
	Action  GenesisAction
	Hash    string
	Reason  string
	Message string
}

// Genesis decides what to do about the genesis. The rule behind every branch: two geneses would be two chains, so one is
// made only where no trace of another exists.
func Genesis(f GenesisFacts) GenesisDecision {
	reported := slices.Compact(slices.Sorted(slices.Values(f.Reported)))
	stop := func(reason, format string, args ...any) GenesisDecision {
		return GenesisDecision{Action: LeaveGenesis, Reason: reason, Message: fmt.Sprintf(format, args...)}
	}
	if len(reported) > 1 {
		return stop(v1alpha1.ReasonGenesisConflict,
			"nodes run on different geneses (%s): their volumes come from different networks; remove the volumes that do not belong here",
			strings.Join(reported, ", "))
	}
	hash := f.Stored
	if hash == "" {
		hash = f.InStatus
	}
	if hash == "" && len(reported) == 1 {
		hash = reported[0]
	}
	if f.InStatus != "" && hash != f.InStatus {
		return stop(v1alpha1.ReasonGenesisConflict,
			"the stored genesis has hash %s, and this network began with %s: delete the ConfigMap, and the right one is taken back from a node",
			hash, f.InStatus)
	}
	if len(reported) == 1 && hash != reported[0] {
		return stop(v1alpha1.ReasonGenesisConflict,
			"nodes run on genesis %s, this network has %s: the volumes come from another network; remove them, or delete this PoSNetwork",
			reported[0], hash)
	}
	switch {
	case f.Stored != "":
		return GenesisDecision{Action: UseGenesis, Hash: hash}
	case len(reported) == 1:
		return GenesisDecision{Action: TakeBackGenesis, Hash: hash}
	case hash != "":
		d := stop(v1alpha1.ReasonGenesisMissing,
			"genesis %s is gone and no node that has it answers: it is taken back as soon as one does; no other is ever made", hash)
		d.Hash = hash
		return d
	default:
		return GenesisDecision{Action: HoldCeremony}
	}
}
