package store

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/hostile"
)

// indexReaders read what this package writes besides blocks and states.
func indexReaders() []hostile.Reader {
	return []hostile.Reader{
		{
			Name: "tip", Spoil: hostile.SpoilBytes, Samples: [][]byte{encodeTip(Tip{Height: 1 << 40, Hash: chain.Hash{1, 2}})},
			Read:  func(b []byte) (any, error) { return decodeTip(b) },
			Write: func(v any) []byte { return encodeTip(v.(Tip)) },
		},
		{
			Name: "place of a transaction", Spoil: hostile.SpoilBytes,
			Samples: [][]byte{appendTxLocation(nil, TxLocation{Height: 1 << 40, Index: 3000}), appendTxLocation(nil, TxLocation{Height: 1})},
			Read:    func(b []byte) (any, error) { return decodeTxLocation(b) },
			// As format 2 wrote it. The index is this node's own and in no hash, so a longer form of a number
			// does no harm; Write is left out.
		},
		{
			Name: "place of a transaction by the first bytes of its id", Spoil: hostile.SpoilBytes,
			Samples: [][]byte{appendPlace(nil, &chain.Hash{1, 2}, TxLocation{Height: 1 << 40, Index: 3000}), appendPlace(nil, &chain.Hash{}, TxLocation{Height: 1})},
			Read: func(b []byte) (any, error) {
				l, err := decodePlace(b)
				if err != nil {
					return nil, err
				}
				var id chain.Hash
				copy(id[:], b[1:1+placePrefix])
				return appendPlace(nil, &id, l), nil
			},
			Write: func(v any) []byte { return v.([]byte) },
		},
		{
			// A key of some bytes takes a place in a map, which takes more. The record is this node's own.
			Name: "keys a block changed", Spoil: hostile.SpoilBytes, Factor: 200,
			Samples: [][]byte{appendChanged(nil, []KV{{Key: []byte("a")}, {Key: make([]byte, 300)}})},
			Read: func(b []byte) (any, error) {
				keys := changedKeys{map[smallKey]struct{}{}, map[string]struct{}{}}
				return keys, keys.parse(b)
			},
		},
	}
}

func TestIndexesHoldAgainstHostileInput(t *testing.T) { // measures memory: not in parallel
	for _, r := range indexReaders() {
		r.Hold(t)
	}
}

func FuzzIndexes(f *testing.F) { hostile.FuzzAll(f, indexReaders()) }
