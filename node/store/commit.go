package store

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/ledger/tree"
)

// KV is a change of the ledger's state. A nil Value deletes the key.
type KV = ledger.KV

// Genesis is what a chain starts from.
type Genesis struct {
	Hash  chain.Hash
	Bytes []byte      // given back by View.Genesis
	State []KV        // the state at height 0
	Tree  tree.Change // of version 0
}

// Commit is everything that one final block changes.
type Commit struct {
	Height      uint64
	BlockHash   chain.Hash
	Block       []byte       // the encoded block
	Certificate []byte       // the encoded certificate of this block
	TxIDs       []chain.Hash // of the block's transactions, in their order
	State       []KV
	Beside      []KV        // values beside the state, which are in no tree
	Tree        tree.Change // from version Height-1 to version Height
}

// Initialize gives a new store its genesis, and with it height 0. It refuses a
// store that has one already: with ErrOtherGenesis if it is another, with
// ErrHeight if it is the same.
func (s *Store) Initialize(g Genesis) error {
	s.write.Lock()
	defer s.write.Unlock()
	if err := s.usable(); err != nil {
		return err
	}
	if want := s.opts.Genesis; !want.IsZero() && want != g.Hash {
		return fmt.Errorf("initialize with genesis %s a store opened for %s: %w", g.Hash, want, ErrOtherGenesis)
	}
	if tip, ok := s.tip(); ok {
		stored, err := s.GenesisHash()
		if err == nil && stored != g.Hash {
			err = fmt.Errorf("initialize with genesis %s the store of %s: %w", g.Hash, stored, ErrOtherGenesis)
		} else if err == nil {
			err = fmt.Errorf("initialize a store that is at height %d: %w", tip.Height, ErrHeight)
		}
		return err
	}
	if err := s.room(s.opts.MinFreeBytes); err != nil {
		return err
	}
	b := newBatch(s.db, 4096+len(g.Bytes))
	b.set(formatKey, []byte{format})
	b.set(genesisHashKey, g.Hash[:])
	b.set(genesisKey, g.Bytes)
	b.state(g.State)
	b.nodes(g.Tree.New)
	b.set(writtenKey, heightKey(0, 0)[1:])
	return s.commit(b, Tip{Height: 0, Hash: g.Hash}, func() {
		s.buffer.begin(0, g.Tree)
		s.state.apply(g.State, 0)
	})
}

// Commit makes one final block durable and then visible. It refuses a height
// that is not the tip's plus one with ErrHeight, and a nearly full disk with
// ErrNoSpace; neither writes anything. When the disk fails it is ErrFatal.
func (s *Store) Commit(c Commit) error {
	start := time.Now()
	s.write.Lock()
	defer s.write.Unlock()
	if err := s.usable(); err != nil {
		return err
	}
	tip, ok := s.tip()
	if !ok {
		return ErrNoGenesis
	}
	if c.Height != tip.Height+1 {
		return fmt.Errorf("commit block %d on tip %d: %w", c.Height, tip.Height, ErrHeight)
	}
	if len(c.TxIDs) > chain.MaxBlockTxs {
		return fmt.Errorf("commit block %d: %d transactions, at most %d", c.Height, len(c.TxIDs), chain.MaxBlockTxs)
	}
	if err := s.room(s.opts.MinFreeBytes); err != nil {
		return fmt.Errorf("commit block %d: %w", c.Height, err)
	}
	p := s.buffer.part()
	b := newBatch(s.db, c.size(p))
	b.set(heightKey(blockSpace, c.Height), c.Block)
	b.set(heightKey(certificateSpace, c.Height), c.Certificate)
	b.set(hashKey(hashSpace, &c.BlockHash), heightKey(0, c.Height)[1:])
	b.txs(c.Height, c.TxIDs)
	b.state(c.State)
	b.state(c.Beside)
	b.value = appendChanged(b.value[:0], c.State)
	b.set(heightKey(changedSpace, c.Height), b.value)
	b.letGo(s.unfinished) // first: what is made again has a version of those that go
	b.part(p)
	if s.older {
		b.set(formatKey, []byte{format})
	}
	if s.unmarked {
		b.set(writtenKey, heightKey(0, tip.Height)[1:])
	}
	bytes := b.Len()
	err := s.commit(b, Tip{Height: c.Height, Hash: c.BlockHash}, func() {
		s.older, s.unmarked, s.unfinished = false, false, [2]uint64{}
		s.buffer.apply(c.Height, c.Tree, p)
		s.state.apply(c.State, c.Height)
		s.state.apply(c.Beside, c.Height)
	})
	if err != nil {
		return fmt.Errorf("commit block %d: %w", c.Height, err)
	}
	// The block is committed, whatever becomes of the tree: a disk that fails is told to OnFatal and to the next call.
	if err := s.spill(); err != nil {
		s.log.Debug("nodes of the state tree wait in memory", "error", err)
	}
	if s.opts.OnCommit != nil {
		s.opts.OnCommit(CommitStats{Height: c.Height, Duration: time.Since(start), Bytes: bytes})
	}
	return nil
}

// writeTree writes what of the state tree is in memory only, so that the next start need not make it again. What it cannot write
// for want of room is no loss.
func (s *Store) writeTree() error {
	_, begun := s.tip()
	if !begun || s.unmarked || s.fatal.Load() != nil || errors.Is(s.room(s.opts.MinFreeBytes), ErrNoSpace) {
		return nil
	}
	for p, more := s.buffer.rest(); more; p, more = s.buffer.rest() {
		b := newBatch(s.db, (&Commit{}).size(p))
		b.letGo(s.unfinished)
		b.part(p)
		if err := s.durable(b); err != nil {
			return err
		}
		s.unfinished = [2]uint64{}
		s.buffer.wrote(p)
		if err := s.spill(); errors.Is(err, ErrNoSpace) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

// commit makes b durable with the tip, then visible; done brings what is in memory up to date in between.
func (s *Store) commit(b *batch, tip Tip, done func()) error {
	b.set(tipKey, encodeTip(tip))
	if err := s.durable(b); err != nil {
		return err
	}
	done()
	s.publish(&tip)
	return nil
}

// durable writes b, waits for the disk and releases it. A failure of the disk is the store's.
func (s *Store) durable(b *batch) error {
	if b.err != nil {
		return fmt.Errorf("gather a batch: %w", b.err)
	}
	if err := b.sync(); err != nil {
		return s.fail("make a batch durable", err)
	}
	if err := b.Close(); err != nil {
		return s.fail("release a batch", err)
	}
	return nil
}

// room refuses to write to a disk with less than need bytes free.
func (s *Store) room(need uint64) error {
	usage, err := s.fs.GetDiskUsage(s.dir)
	if err == nil && usage.AvailBytes < need {
		return fmt.Errorf("%d MiB free in %s, %d MiB needed: %w", usage.AvailBytes>>20, s.dir, need>>20, ErrNoSpace)
	}
	return nil // a file system that cannot tell is not in the way
}

// size guesses the bytes of the batch, so that it is allocated once.
func (c *Commit) size(p part) int {
	n := 512 + len(c.Block) + len(c.Certificate) + 24*len(c.TxIDs) + 24*len(p.stale)
	for _, kvs := range [][]KV{c.State, c.Beside} {
		for i := range kvs {
			n += 2*len(kvs[i].Key) + len(kvs[i].Value) + 16
		}
	}
	for _, node := range p.nodes {
		n += int(node.Size()) // more than what is written
	}
	return n
}

// batch gathers writes; its first error stays.
type batch struct {
	*pebble.Batch
	key, value []byte // scratch
	err        error
}

func newBatch(db *pebble.DB, size int) *batch {
	return &batch{Batch: db.NewBatchWithSize(size)}
}

func (b *batch) set(key, value []byte) {
	if b.err == nil {
		b.err = b.Set(key, value, nil)
	}
}

func (b *batch) delete(key []byte) {
	if b.err == nil {
		b.err = b.Delete(key, nil)
	}
}

// deleteOnce deletes a key that was set exactly once in the life of the store.
func (b *batch) deleteOnce(key []byte) {
	if b.err == nil {
		b.err = b.SingleDelete(key, nil)
	}
}

// deleteBetween deletes all keys from the first to below the second.
func (b *batch) deleteBetween(from, to []byte) {
	if b.err == nil {
		b.err = b.DeleteRange(from, to, nil)
	}
}

// txs writes where transactions are. In the order of their ids the database finds the place of each beside that of the last.
func (b *batch) txs(height uint64, ids []chain.Hash) {
	type ref struct {
		prefix uint64
		index  uint32
	}
	refs := make([]ref, len(ids))
	for i := range ids {
		refs[i] = ref{binary.BigEndian.Uint64(ids[i][:]), uint32(i)}
	}
	slices.SortFunc(refs, func(x, y ref) int { return cmp.Compare(x.prefix, y.prefix) })
	for _, r := range refs {
		b.key = appendPlace(b.key[:0], &ids[r.index], TxLocation{Height: height, Index: r.index})
		b.set(b.key, nil)
	}
}

func (b *batch) state(changes []KV) {
	for i := range changes {
		b.key = appendStateKey(b.key[:0], changes[i].Key)
		if changes[i].Value == nil {
			b.delete(b.key)
		} else {
			b.set(b.key, changes[i].Value)
		}
	}
}

func (b *batch) nodes(nodes []*tree.Node) {
	for _, n := range nodes {
		b.key = appendTreeKey(b.key[:0], n.Key())
		b.value = n.AppendTo(b.value[:0])
		b.set(b.key, b.value)
	}
}

// part writes a part of a generation of the tree, and with the last of them that its version is whole.
func (b *batch) part(p part) {
	b.nodes(p.nodes)
	if !p.last {
		return
	}
	stale := p.stale
	for chunk := uint32(0); len(stale) > 0; chunk++ {
		n := min(len(stale), tree.StaleChunk)
		b.key = appendStaleKey(b.key[:0], p.version, chunk)
		b.value = tree.AppendStale(b.value[:0], stale[:n])
		b.set(b.key, b.value)
		stale = stale[n:]
	}
	for h := p.from + 1; h <= p.version; h++ {
		b.deleteOnce(heightKey(changedSpace, h))
	}
	b.set(writtenKey, heightKey(0, p.version)[1:])
}

// letGo deletes the nodes of a generation of which a crash left only a part: those of the versions from the first to below the second.
func (b *batch) letGo(versions [2]uint64) {
	if u := versions; u[0] < u[1] {
		b.deleteBetween(appendTreeKey(nil, tree.NodeKey{Version: u[0]}), appendTreeKey(nil, tree.NodeKey{Version: u[1]}))
	}
}

// sync writes the batch and waits for the disk. Pebble answers a failed write or
// fsync through pebbleLogger.Fatalf.
func (b *batch) sync() (err error) {
	defer func() { err = caught(recover(), err) }()
	return b.Commit(pebble.Sync)
}
