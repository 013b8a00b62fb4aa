package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/ledger"
)

// load is the state being taken in.
type load struct {
	sink   Sink
	taken  int            // chunks
	held   map[int][]byte // checked, and not taken in yet
	last   []byte         // the last key taken in
	system []byte         // the value that says height and seed
	bytes  uint64
}

// loading asks for chunks, takes one in, and ends when all were.
func (e *Engine) loading() error {
	e.askOffers()
	e.askManifests()
	if e.load.sink == nil {
		sink, err := e.cfg.Ports.Sink(e.height)
		if err != nil {
			return fmt.Errorf("begin to take in the state of height %d: %w", e.height, err)
		}
		e.load = load{sink: sink, held: map[int][]byte{}}
	}
	if err := e.takeIn(); err != nil {
		return err
	}
	if e.phase != Loading {
		return nil
	}
	if e.load.taken == e.chosen.manifest.Chunks() {
		return e.finish()
	}
	e.askChunks()
	e.next = e.now + loadEvery
	if e.load.held[e.load.taken] != nil {
		e.next = e.now
	}
	return nil
}

// takeIn takes in the next chunk, if it is here.
func (e *Engine) takeIn() error {
	l := &e.load
	raw := l.held[l.taken]
	if raw == nil {
		return nil
	}
	delete(l.held, l.taken)
	var own error
	last, err := DecodeChunk(raw, l.last, func(key, value []byte) error {
		if bytes.Equal(key, ledger.SystemKey()) {
			l.system = bytes.Clone(value)
		}
		own = l.sink.Add(key, value)
		return own
	})
	if own != nil {
		return fmt.Errorf("take in the state of height %d: %w", e.height, own)
	}
	l.bytes += uint64(len(raw))
	if err != nil { // its hash is as the manifest says: the manifest is false
		return e.falsified(err)
	}
	l.last, e.progress = last, e.now
	l.taken++
	return nil
}

// askChunks asks for the chunks that come next.
func (e *Engine) askChunks() {
	l := &e.load
	end := min(l.taken+Window, e.chosen.manifest.Chunks())
	for i := l.taken; i < end; i++ {
		if l.held[i] != nil {
			continue
		}
		under := e.under(AskChunk, int64(i))
		if len(under) > 1 || len(under) == 1 && (i > l.taken || e.now-under[0].asked < hurry) {
			continue
		}
		peer, ok := e.pick(func(p Peer, n *note) bool {
			return e.chosen.peers[p.ID] && (len(under) == 0 || under[0].Peer != p.ID)
		})
		if ok {
			e.ask(Request{Peer: peer, Kind: AskChunk, Height: e.height, Index: uint64(i)})
		}
	}
}

// chunk takes a chunk that came.
func (e *Engine) chunk(q *request, raw []byte) error {
	i := int(q.Index)
	if e.phase != Loading || q.Height != e.height || i < e.load.taken || i >= e.load.taken+Window {
		return nil
	}
	if len(raw) > MaxChunkBytes || chain.Sum(raw) != e.chosen.manifest.Sum(i) {
		return fmt.Errorf("chunk %d is not the one that the manifest lists", i)
	}
	e.load.held[i] = raw
	e.note(q.Peer).strikes = 0 // what it offers is of use
	for _, other := range e.under(AskChunk, int64(i)) {
		other.wanted = false
		e.cfg.Ports.Cancel(other.ID)
	}
	return nil
}

// falsified has done with the chosen manifest: the state that it lists is not that of the chain.
func (e *Engine) falsified(err error) error {
	g := e.chosen
	e.abort()
	for _, q := range e.under(AskChunk, -1) {
		q.wanted = false
		e.cfg.Ports.Cancel(q.ID)
	}
	e.chosen = nil
	e.condemn(g, err)
	e.enter(Listing)
	e.listed = e.now
	return e.err
}

var errRoot = errors.New("the state is another than the one whose root the block has")

// finish builds the tree, compares, and makes the state the node's.
func (e *Engine) finish() error {
	root, err := e.load.sink.Build(e.height)
	if err != nil {
		return fmt.Errorf("build the tree of the state of height %d: %w", e.height, err)
	}
	if root != e.result.Header.State {
		return e.falsified(fmt.Errorf("%w: %s, not %s", errRoot, root.Short(), e.result.Header.State.Short()))
	}
	if err := e.checkSystem(); err != nil {
		return e.falsified(err)
	}
	if err := e.load.sink.Commit(e.result); err != nil {
		return fmt.Errorf("make the state of height %d that of this node: %w", e.height, err)
	}
	e.load.sink = nil
	e.cancelAll()
	e.phase, e.next = Done, never
	return nil
}

// checkSystem checks what the manifest says beside the state against the state: the seed that the block leaves.
func (e *Engine) checkSystem() error {
	var s ledger.System
	if err := chain.Decode(e.load.system, &s, 1<<10); err != nil {
		return fmt.Errorf("read the state: %w", err)
	}
	r := &e.result
	rules := consensus.Rules{Genesis: e.cfg.Genesis, Height: r.Height, Set: r.Set, Seed: r.Seed}
	seed, err := rules.NextSeed(r.Header)
	if err != nil {
		return err
	}
	if s.Height != r.Height || s.Seed != seed || e.load.bytes != e.chosen.manifest.Bytes {
		return fmt.Errorf("the state is of height %d and seed %s, the manifest says %d and %s", s.Height, s.Seed.Short(), r.Height, seed.Short())
	}
	return nil
}

// Offering lists who gave the manifest that is being loaded, sorted.
func (e *Engine) Offering() []string {
	if e.chosen == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(e.chosen.peers))
}
