package ledger

import (
	"fmt"

	"github.com/posnet/posnet/node/chain"
)

// Due says why a block may exist: it has transactions enough, or the chain has
// idled long enough, or something else must be recorded. It looks at the block
// and its parent only, never at a pool, so that all replicas agree.
func Due(p *chain.Params, h *chain.Header, txs, evidence int, parentTime uint64, pending bool) error {
	if uint64(txs) > p.MaxTxs {
		return fmt.Errorf("block %d: %d transactions, at most %d are allowed", h.Height, txs, p.MaxTxs)
	}
	if h.Time <= parentTime {
		return fmt.Errorf("block %d: its time %d is not after its parent's, %d", h.Height, h.Time, parentTime)
	}
	if uint64(txs) >= p.MinTxs {
		return nil
	}
	if p.MaxIdle > 0 && (h.Height == 1 || h.Time >= parentTime+p.MaxIdle || evidence > 0 || pending || h.Round > 0) {
		return nil
	}
	return fmt.Errorf("block %d: %d transactions, %d are needed before the chain has idled %d ms", h.Height, txs, p.MinTxs, p.MaxIdle)
}

// CheckRoots compares what a header claims with what executing the block gave.
func CheckRoots(h *chain.Header, o *Outcome) error {
	switch {
	case h.State != o.State:
		return fmt.Errorf("block %d: state root %s, executing it gives %s", h.Height, h.State.Short(), o.State.Short())
	case h.Results != o.Results:
		return fmt.Errorf("block %d: results root %s, executing it gives %s", h.Height, h.Results.Short(), o.Results.Short())
	case h.NextSet != o.Next.Hash():
		return fmt.Errorf("block %d: next set %s, executing it gives %s", h.Height, h.NextSet.Short(), o.Next.Hash().Short())
	}
	return nil
}
