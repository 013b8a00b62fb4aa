package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

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

// changedKeys is a set of keys. Nearly all are of accounts, and there may be millions of records of them: they lie in the map itself.
type changedKeys struct {
	small map[smallKey]struct{}
	other map[string]struct{}
}

// parse reads what appendChanged wrote, and adds the keys.
func (c *changedKeys) parse(b []byte) error {
	for len(b) > 0 {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return fmt.Errorf("record of changed keys: %w", ErrCorrupt)
		}
		if key := b[n : n+int(size)]; len(key) == smallKeySize {
			c.small[smallKey(key)] = struct{}{}
		} else {
			c.other[string(key)] = struct{}{}
		}
		b = b[n+int(size):]
	}
	return nil
}

// sorted lists the keys in ascending order.
func (c *changedKeys) sorted() [][]byte {
	small := make([]smallKey, 0, len(c.small))
	for k := range c.small {
		small = append(small, k)
	}
	keys := make([][]byte, 0, len(small)+len(c.other))
	for i := range small {
		keys = append(keys, small[i][:])
	}
	for k := range c.other {
		keys = append(keys, []byte(k))
	}
	slices.SortFunc(keys, bytes.Compare)
	return keys
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
	if _, err := (storedTree{s}).Get(tree.RootKey(written)); err != nil { // Pebble may take a damaged manifest for the end of it
		return damaged(fmt.Sprintf("read the state tree of height %d", written), err)
	}
	if written == tip.Height {
		return nil
	}
	keys, err := s.changedSince(written, tip.Height)
	if err != nil {
		return err
	}
	updates, err := s.updatesOf(keys)
	if err != nil {
		return wrap("read the state to make its tree", err)
	}
	_, change, err := tree.ApplyParts(storedTree{s}, written, tip.Height, updates, atOnce(recoverers(len(updates))))
	if err != nil {
		return damaged(fmt.Sprintf("make the state tree of height %d from that of %d", tip.Height, written), err)
	}
	s.buffer.recovered(tip.Height, written, change)
	s.unfinished = [2]uint64{written + 1, tip.Height + 1}
	return nil
}

// recoverers is how many goroutines read what a start after a crash needs of so many keys: each read is of another place of the
// disk. Few are read sooner than goroutines begin.
func recoverers(keys int) int {
	return max(1, min(runtime.GOMAXPROCS(0), mostRecoverers, keys/leastOfRecoverer))
}

const (
	mostRecoverers   = 8
	leastOfRecoverer = 256
)

// atOnce runs up to so many of n calls at once.
func atOnce(workers int) func(n int, do func(i int)) {
	if workers < 2 {
		return nil
	}
	return func(n int, do func(i int)) {
		var next atomic.Int64
		var all sync.WaitGroup
		for range min(workers, n) {
			all.Go(func() {
				for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
					do(i)
				}
			})
		}
		all.Wait()
	}
}

// updatesOf makes of each of some keys in ascending order the update to the value that it has now.
func (s *Store) updatesOf(keys [][]byte) ([]tree.Update, error) {
	updates := make([]tree.Update, len(keys))
	readers := recoverers(len(keys))
	errs := make([]error, readers)
	var all sync.WaitGroup
	for i := range readers {
		from, to := i*len(keys)/readers, (i+1)*len(keys)/readers
		all.Go(func() { errs[i] = s.readUpdates(updates[from:to], keys[from:to]) })
	}
	all.Wait()
	return updates, errors.Join(errs...)
}

// readUpdates is updatesOf for some of its keys.
func (s *Store) readUpdates(updates []tree.Update, keys [][]byte) (err error) {
	values, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{stateSpace}, UpperBound: []byte{stateSpace + 1}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, values.Close()) }()
	var at []byte
	for i, k := range keys {
		at = appendStateKey(at[:0], k)
		u := tree.Update{Key: ledger.TreeKey(k), Delete: true}
		if values.SeekGE(at) && bytes.Equal(values.Key(), at) {
			value, err := values.ValueAndErr()
			if err != nil {
				return err
			}
			u.ValueHash, u.Delete = sha256.Sum256(value), false
		}
		if err := values.Error(); err != nil {
			return err
		}
		updates[i] = u
	}
	return nil
}

// changedSince reads the keys that the blocks above a height changed, up to the tip, in ascending order.
func (s *Store) changedSince(height, tip uint64) ([][]byte, error) {
	keys := changedKeys{map[smallKey]struct{}{}, map[string]struct{}{}}
	for h := height + 1; h <= tip; h++ {
		b, err := get(s.db, heightKey(changedSpace, h))
		if err != nil {
			return nil, damaged(fmt.Sprintf("read the keys that block %d changed", h), err)
		}
		if err := keys.parse(b); err != nil {
			return nil, err
		}
	}
	return keys.sorted(), nil
}

// storedTree reads the nodes that are on the disk.
type storedTree struct{ s *Store }

func (r storedTree) Get(key tree.NodeKey) (*tree.Node, error) { return treeNode(r.s.db, key) }
