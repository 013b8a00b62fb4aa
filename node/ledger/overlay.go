package ledger

import (
	"crypto/sha256"
	"maps"
	"slices"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/ledger/tree"
)

// KV is a value to write.
type KV struct{ Key, Value []byte }

// overlay keeps the values a block changed, over the decided state.
type overlay struct {
	base    Reader
	changed map[string][]byte
}

func newOverlay(r Reader) *overlay { return &overlay{base: r, changed: map[string][]byte{}} }

// Get makes the overlay a [Reader].
func (o *overlay) Get(key []byte) ([]byte, error) {
	if v, ok := o.changed[string(key)]; ok {
		return v, nil
	}
	return o.base.Get(key)
}

func (o *overlay) put(key []byte, v any) { o.changed[string(key)] = chain.Encode(v) }

func (o *overlay) putAccount(a chain.Address, acc Account) {
	o.changed[string(AccountKey(a))] = acc.encode()
}

// changes lists what was written, in the order of the keys.
func (o *overlay) changes() []KV {
	out := make([]KV, 0, len(o.changed))
	for _, k := range slices.Sorted(maps.Keys(o.changed)) {
		out = append(out, KV{Key: []byte(k), Value: o.changed[k]})
	}
	return out
}

// updates is the batch for the authenticated tree.
func updates(kvs []KV) []tree.Update {
	out := make([]tree.Update, len(kvs))
	for i, kv := range kvs {
		out[i] = tree.Update{Key: TreeKey(kv.Key), ValueHash: sha256.Sum256(kv.Value)}
	}
	return out
}

// TreeKey is where a state key stands in the authenticated tree.
func TreeKey(key []byte) chain.Hash { return sha256.Sum256(key) }
