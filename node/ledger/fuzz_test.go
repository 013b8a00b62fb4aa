package ledger

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/hostile"
)

// one is a state of one value, under every key.
type one []byte

func (o one) Get([]byte) ([]byte, error) { return o, nil }

func valueReader[T any](name string, key []byte, sample *T) hostile.Reader {
	return hostile.Reader{
		Name: name, Write: chain.Encode, Samples: [][]byte{chain.Encode(sample)},
		Read: func(b []byte) (any, error) {
			v := new(T)
			if b == nil {
				b = []byte{} // nil says that there is no value
			}
			_, err := Load(one(b), key, v)
			return v, err
		},
	}
}

// valueReaders read what the store gives back.
func valueReaders() []hostile.Reader {
	var a chain.Address
	keys := chain.ValidatorKeys{Consensus: chain.PublicKey{1}, VRF: chain.PublicKey{2}, Peer: chain.PublicKey{3}}
	sets := []SetEntry{{From: 1, Set: make([]byte, 300)}, {From: 9, Set: make([]byte, 200)}}
	params := chain.DefaultParams()
	return []hostile.Reader{
		valueReader("account", AccountKey(a), &Account{Balance: 1 << 40, Nonce: 7}),
		valueReader("validator", ValidatorKey(a), &Validator{Keys: keys, Bonded: 5, Shares: 5, Registered: 1, Forged: 300}),
		valueReader("bond", BondKey(a, a), &Bond{Shares: 1 << 33}),
		valueReader("system", SystemKey(), &System{Height: 9, Time: 1 << 40, Seed: chain.Hash{1}, Supply: 1 << 59}),
		valueReader("params", ParamsKey(), &params),
		valueReader("sets", SetsKey(), &sets),
		valueReader("owner", OwnerKey(chain.PublicKey{}), &chain.Address{9}),
	}
}

func TestValuesHoldAgainstHostileInput(t *testing.T) { // measures memory: not in parallel
	for _, r := range valueReaders() {
		r.Hold(t)
	}
}

func FuzzValues(f *testing.F) { hostile.FuzzAll(f, valueReaders()) }
