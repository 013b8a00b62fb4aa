package policy

import (
	"fmt"

	"github.com/posnet/posnet/api/v1alpha1"
	"github.com/posnet/posnet/node/chain"
)

// ScaleDecision is how many pods to run, and why not as many as wished for.
type ScaleDecision struct {
	// Replicas to ask for.
	Replicas int32
	// Refused: Replicas is what runs now and not what was wished for.
	Refused bool
	// Reason and Message say why, when refused.
	Reason, Message string
}

// Scale decides how many pods to run when current are running and wanted are wished for. stakes are those of the pods by
// ordinal, total is all stake of the chain. A network without genesis may take any size.
//
// Shrinking is carried out whole or not at all: pods go from the highest ordinal down, and stopping half way would leave a
// size nobody asked for.
func Scale(current, wanted int32, stakes []uint64, total uint64) ScaleDecision {
	if wanted >= current || total == 0 {
		return ScaleDecision{Replicas: wanted}
	}
	var gone uint64
	for i := wanted; i < current && int(i) < len(stakes); i++ {
		gone += stakes[i]
	}
	if gone > total || Quorum(total-min(gone, total), total) {
		return ScaleDecision{Replicas: wanted}
	}
	return ScaleDecision{
		Replicas: current, Refused: true, Reason: v1alpha1.ReasonScaleDownRefused,
		Message: fmt.Sprintf("%d validators are kept although %d are asked for: the pods that would go hold %s of %s POS, and the chain "+
			"halts unless more than 2/3 stays online; take their stake away first, or set spec.validators.replicas back to %d",
			current, wanted, chain.FormatPOS(gone), chain.FormatPOS(total), current),
	}
}
