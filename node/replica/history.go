package replica

import (
	"errors"
	"fmt"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/stake"
	"github.com/posnet/posnet/node/store"
)

// Past is what a height was decided with, so that its lottery can be drawn
// again at any later time.
type Past struct {
	_    struct{}   `cbor:",toarray"`
	Seed chain.Hash // of the previous height
	Set  chain.Hash // hash of the validator set
}

// The record of past draws lies beside the state, outside the authenticated
// tree: it follows from the blocks, and is kept only to be read quickly.
func pastKey(height uint64) []byte   { return append([]byte{ledger.Beside}, chain.Uint64(height)...) }
func pastSetKey(h chain.Hash) []byte { return append([]byte{ledger.Beside + 1}, h[:]...) }

// past lists what the commit of the next height records.
func (r *Replica) past() []store.KV {
	kvs := PastRecords(r.tip.height+1, r.tip.seed, r.tip.set)
	if r.prevSet != nil && r.prevSet.Hash() == r.tip.set.Hash() {
		return kvs[:1] // the record of the set is there
	}
	return kvs
}

// PastRecords are the records from which [ReadPast] gives a height's draw again: of the height, and of its set. A store
// that begins with the block of a height needs both of them.
func PastRecords(height uint64, seed chain.Hash, set *stake.Set) []store.KV {
	return []store.KV{
		{Key: pastKey(height), Value: chain.Encode(&Past{Seed: seed, Set: set.Hash()})},
		{Key: pastSetKey(set.Hash()), Value: set.Encode()},
	}
}

// ReadPast gives the seed and the set that a decided height was drawn with. A
// height that is not decided is [store.ErrNotFound].
func ReadPast(s *store.Store, height uint64) (seed chain.Hash, set *stake.Set, err error) {
	p, err := PastOf(s, height)
	if err != nil {
		return seed, nil, err
	}
	b, err := p.SetBytes(s)
	if err != nil {
		return seed, nil, fmt.Errorf("read the draw of height %d: %w", height, err)
	}
	set, err = stake.DecodeSet(b)
	return p.Seed, set, err
}

// PastOf is [ReadPast] without the set itself.
func PastOf(s *store.Store, height uint64) (p Past, err error) {
	b, err := stateReader{s}.Get(pastKey(height))
	if err == nil && b == nil {
		err = store.ErrNotFound
	}
	if err != nil {
		return p, fmt.Errorf("read the draw of height %d: %w", height, err)
	}
	return p, chain.Decode(b, &p, 128)
}

// SetBytes is the encoding of the set.
func (p *Past) SetBytes(s *store.Store) ([]byte, error) {
	b, err := stateReader{s}.Get(pastSetKey(p.Set))
	if err == nil && b == nil {
		err = errors.Join(store.ErrCorrupt, errors.New("its validator set is missing"))
	}
	return b, err
}
