package store

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/ledger/tree"
)

// appendChanged appends the record of the keys that a block changed in the tree: each as a uvarint length and its bytes.
func appendChanged(dst []byte, kvs []KV) []byte {
	for i := range kvs {
		dst = append(binary.AppendUvarint(dst, uint64(len(kvs[i].Key))), kvs[i].Key...)
	}
	return dst
}

// parseChanged reads what appendChanged wrote, and adds the keys to some.
func parseChanged(b []byte, keys map[string]bool) error {
	for len(b) > 0 {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return fmt.Errorf("record of changed keys: %w", ErrCorrupt)
		}
		keys[string(b[n:n+int(size)])] = true
		b = b[n+int(size):]
	}
	return nil
}

// readWritten reads which version of the tree is whole on the disk. Before format 2 every version was.
func (s *Store) readWritten(tip Tip) (tree.Version, error) {
	b, err := get(s.db, writtenKey)
	switch {
	case errors.Is(err, pebble.ErrNotFound):
		s.unmarked = true
		return tip.Height, nil
	case err != nil:
		return 0, wrap("read which version of the state tree is written", err)
	case len(b) != 8:
		return 0, fmt.Errorf("record of the written version of %d bytes: %w", len(b), ErrCorrupt)
	}
	return binary.BigEndian.Uint64(b), nil
}

// recoverTree makes the nodes of the tip's tree that were in memory only: it applies the values of all keys that changed
// since the version that is whole on the disk.
func (s *Store) recoverTree(tip Tip) error {
	written, err := s.readWritten(tip)
	if err != nil {
		return err
	}
	s.buffer.written, s.buffer.whole = written, written
	s.buffer.memory.from = written + 1
	if written == tip.Height {
		return nil
	}
	keys, err := s.changedSince(written, tip.Height)
	if err != nil {
		return err
	}
	updates := make([]tree.Update, 0, len(keys))
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		value, err := get(s.db, appendStateKey(nil, []byte(k)))
		if err != nil && !errors.Is(err, pebble.ErrNotFound) {
			return wrap("read the state to make its tree", err)
		}
		updates = append(updates, tree.Update{Key: ledger.TreeKey([]byte(k)), ValueHash: sha256.Sum256(value), Delete: err != nil})
	}
	_, change, err := tree.Apply(storedTree{s}, written, tip.Height, updates)
	if err != nil {
		return fmt.Errorf("make the state tree of height %d from that of %d: %w (%w)", tip.Height, written, ErrCorrupt, err)
	}
	s.buffer.recovered(tip.Height, written, change)
	s.unfinished = [2]uint64{written + 1, tip.Height}
	return nil
}

// changedSince reads the keys that the blocks above a height changed, up to the tip.
func (s *Store) changedSince(height, tip uint64) (map[string]bool, error) {
	keys := map[string]bool{}
	for h := height + 1; h <= tip; h++ {
		b, err := get(s.db, heightKey(changedSpace, h))
		if err != nil {
			return nil, fmt.Errorf("read the keys that block %d changed: %w (%w)", h, ErrCorrupt, err)
		}
		if err := parseChanged(b, keys); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// storedTree reads the nodes that are on the disk.
type storedTree struct{ s *Store }

func (r storedTree) Get(key tree.NodeKey) (*tree.Node, error) { return treeNode(r.s.db, key) }
