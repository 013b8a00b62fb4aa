package replica

import (
	"fmt"
	"slices"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/wal"
)

// compact makes room in a consensus log that is full, as that of a height with
// many rounds of large blocks is, and writes what is unsaved. All of it is
// durable in one step: a crash leaves the old log, or the new one.
func (r *Replica) compact() error {
	records, err := r.wal.Records()
	if err != nil {
		return err
	}
	keep, err := stillNeeded(records, r.core.Height(), r.core.Holds)
	if err != nil {
		return err
	}
	r.log.Info("consensus log compacted", "height", r.core.Height(), "records", len(records), "kept", len(keep))
	return r.wal.Rotate(append(keep, r.unsaved...)...)
}

// stillNeeded are the records that a restart in the height depends on, in their
// order: every own vote, the newest lock with its proof, the block of that lock,
// and the newest record of each other block that is held.
func stillNeeded(records []wal.Record, height uint64, holds func(chain.Hash) bool) ([]wal.Record, error) {
	decoded := make([]consensus.Record, len(records))
	lock := -1
	for i, raw := range records {
		c := &decoded[i]
		if err := chain.Decode(raw.Data, c, wal.MaxRecord); err != nil {
			return nil, fmt.Errorf("read the consensus log: %w", err)
		}
		if c.Proposal != nil {
			c.Proposal.Block = nil // a copy, and there may be many
		}
		if c.Height == height && c.Lock != nil && (lock < 0 || c.Lock.Round >= decoded[lock].Lock.Round) {
			lock = i
		}
	}
	var keep []wal.Record
	seen := map[chain.Hash]bool{}
	for i, c := range slices.Backward(decoded) {
		needed := c.Vote != nil || i == lock
		if p := c.Proposal; p != nil && !seen[p.BlockHash] {
			seen[p.BlockHash] = true
			needed = holds(p.BlockHash) || lock >= 0 && decoded[lock].Lock.BlockHash == p.BlockHash
		}
		if needed && c.Height == height {
			keep = append(keep, records[i])
		}
	}
	slices.Reverse(keep)
	return keep, nil
}
