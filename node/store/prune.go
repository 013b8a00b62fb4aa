package store

import (
	"github.com/cockroachdb/pebble/v2"

	"github.com/posnet/posnet/node/ledger/tree"
)

// PruneStep is the number of stale records, of tree.StaleChunk nodes each, that
// one call of Prune deletes at most.
const PruneStep = 8

// Prune deletes nodes of the state tree that only versions below tip - keep
// need. Of the versions from there on those can be read that ever were whole on
// the disk, one of each generation, besides the tip's. Blocks, certificates and
// indexes stay. One call deletes at most PruneStep records and
// takes a few milliseconds; more says that there is more to delete.
func (s *Store) Prune(keep uint64) (more bool, err error) {
	s.pruning.Lock()
	defer s.pruning.Unlock()
	if err := s.usable(); err != nil {
		return false, err
	}
	tip, ok := s.tip()
	if !ok || tip.Height < keep {
		return false, nil
	}
	// A node stale since v is of no use from version v on.
	upTo := tip.Height - keep
	whole := s.buffer.wholeVersion()
	it, err := s.db.NewIter(&pebble.IterOptions{
		LowerBound: appendStaleKey(nil, s.prunedUpTo, 0),
		UpperBound: appendStaleKey(nil, upTo+1, 0),
	})
	if err != nil {
		return false, wrap("prune", err)
	}
	b := newBatch(s.db, PruneStep*tree.StaleChunk*24)
	records := 0
	for ok := it.First(); ok && b.err == nil; ok = it.Next() {
		if records == PruneStep {
			more = true
			break
		}
		records++
		b.err = b.prune(it)
	}
	if err := it.Close(); b.err == nil {
		b.err = err
	}
	if b.err != nil {
		return false, wrap("prune", b.err)
	}
	if records > 0 {
		if err := b.write(); err != nil {
			return false, s.fail("prune", err)
		}
	}
	if err := b.Close(); err != nil {
		return false, s.fail("release a batch", err)
	}
	if !more {
		// The record of a version comes only when the version is whole, perhaps after those that need it are over.
		s.prunedUpTo = min(upTo, whole) + 1
	}
	return more, nil
}

// prune deletes the record it stands at, and the nodes the record lists. Both
// were written exactly once, so a single delete will do: where Pebble meets the
// two it drops both, and keeps no tombstone.
func (b *batch) prune(it *pebble.Iterator) error {
	value, err := it.ValueAndErr()
	if err != nil {
		return err
	}
	keys, err := tree.ParseStale(value)
	if err != nil {
		return err
	}
	for _, k := range keys {
		b.key = appendTreeKey(b.key[:0], k)
		b.deleteOnce(b.key)
	}
	b.deleteOnce(it.Key())
	return b.err
}

// write writes the batch and does not wait for the disk: a crash may undo it.
func (b *batch) write() (err error) {
	defer func() { err = caught(recover(), err) }()
	return b.Commit(pebble.NoSync)
}
