package replica

import (
	"fmt"
	"maps"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/ledger"
)

// Held is what a replica keeps in memory, counted: a replica holds no more than
// its bounds, whatever peers do.
type Held struct {
	Early     int // frames of the next height
	Evidence  int // pieces that wait for a block
	Outcomes  int // executed blocks of the height
	Forged    int // blocks whose first sight is noted
	Voted     int // votes whose first sight is noted
	Heard     int // peers that spoke
	Given     int // peers that were given what they lacked in the height
	PoolTxs   int
	PoolBytes int
	Consensus consensus.Held
	bounds    heldBounds
}

type heldBounds struct{ poolTxs, poolBytes int }

// maxCandidates bounds the executed blocks that a height remembers, and those
// whose first sight it notes: twice what the core holds of proposed blocks.
const maxCandidates = 16

// forgetBlocks makes room for another block of the height: what the core does
// not hold any more would be executed again if it came again.
func (r *Replica) forgetBlocks() {
	gone := func(h chain.Hash) bool { return !r.core.Holds(h) }
	if len(r.outcomes) >= maxCandidates {
		maps.DeleteFunc(r.outcomes, func(h chain.Hash, _ *ledger.Outcome) bool { return gone(h) })
	}
	if len(r.forged) >= maxCandidates {
		maps.DeleteFunc(r.forged, func(h chain.Hash, _ sight) bool { return gone(h) })
	}
}

// Held counts what is kept now.
func (r *Replica) Held() Held {
	s := r.pool.Stats()
	return Held{
		Early: len(r.early), Evidence: r.evidence.len(), Outcomes: len(r.outcomes), Forged: len(r.forged), Voted: len(r.voted), Heard: len(r.heard), Given: len(r.given),
		PoolTxs: s.Transactions, PoolBytes: s.Bytes, Consensus: r.core.Held(),
		bounds: heldBounds{s.MaxTransactions, s.MaxBytes},
	}
}

// Check names the bound that is broken, if one is.
func (h Held) Check() error {
	for _, b := range []struct {
		what        string
		held, bound int
	}{
		{"early frames", h.Early, maxEarly},
		{"pieces of evidence", h.Evidence, maxEvidence},
		{"executed blocks of the height", h.Outcomes, maxCandidates},
		{"blocks seen in the height", h.Forged, maxCandidates},
		{"votes seen in the height", h.Voted, maxNoted},
		{"peers heard", h.Heard, maxHeard},
		{"peers given something", h.Given, maxHeard},
		{"transactions in the pool", h.PoolTxs, h.bounds.poolTxs},
		{"bytes in the pool", h.PoolBytes, h.bounds.poolBytes},
	} {
		if b.held > b.bound {
			return fmt.Errorf("%d %s are held, above the bound of %d", b.held, b.what, b.bound)
		}
	}
	return h.Consensus.Check()
}
