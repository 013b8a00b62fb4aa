package ledger

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/ledger/tree"
)

// KV is a value to write.
type KV struct{ Key, Value []byte }

// overlay keeps the values a block changed, over the decided state. Accounts, which are nearly all of them, are read and written
// once in a block, and are numbers meanwhile.
type overlay struct {
	base    Reader
	changed map[string][]byte     // but for accounts
	places  map[chain.Address]int // in accounts
	account []ownAccount
}

// ownAccount is an account that a block changed.
type ownAccount struct {
	address chain.Address
	Account
}

// newOverlay makes one over r, with room for so many accounts before it grows.
func newOverlay(r Reader, accounts int) *overlay {
	return &overlay{
		base: r, changed: map[string][]byte{},
		places: make(map[chain.Address]int, accounts), account: make([]ownAccount, 0, accounts),
	}
}

// clear forgets all changes.
func (o *overlay) clear() {
	clear(o.changed)
	clear(o.places)
	o.account = o.account[:0]
}

// Get makes the overlay a [Reader].
func (o *overlay) Get(key []byte) ([]byte, error) {
	if a, ok := accountOf(key); ok {
		if i, ok := o.places[a]; ok {
			return o.account[i].encode(nil), nil
		}
	} else if v, ok := o.changed[string(key)]; ok {
		return v, nil
	}
	return o.base.Get(key)
}

// accountOf gives the address of a key, if it is that of an account.
func accountOf(key []byte) (a chain.Address, ok bool) {
	if len(key) != 1+len(a) || key[0] != accountPrefix {
		return a, false
	}
	return chain.Address(key[1:]), true
}

func (o *overlay) put(key []byte, v any) { o.changed[string(key)] = chain.Encode(v) }

// getAccount is [findAccount] without the detour over bytes.
func (o *overlay) getAccount(a chain.Address) (acc Account, found bool, err error) {
	if i, ok := o.places[a]; ok {
		return o.account[i].Account, true, nil
	}
	if below, ok := o.base.(*overlay); ok {
		return below.getAccount(a)
	}
	return findAccount(o.base, a)
}

func (o *overlay) putAccount(a chain.Address, acc Account) {
	if i, ok := o.places[a]; ok {
		o.account[i].Account = acc
		return
	}
	o.places[a] = len(o.account)
	o.account = append(o.account, ownAccount{a, acc})
}

// take makes the changes of another overlay its own.
func (o *overlay) take(of *overlay) {
	maps.Copy(o.changed, of.changed)
	for i := range of.account {
		o.putAccount(of.account[i].address, of.account[i].Account)
	}
}

// changes lists what was written, in the order of the keys. Accounts come first: no other key begins with a lower letter.
func (o *overlay) changes() []KV {
	out := make([]KV, 0, len(o.changed)+len(o.account))
	keys, values := make([]byte, 0, len(o.account)*(1+len(chain.Address{}))), make([]byte, 0, len(o.account)*maxAccountBytes)
	for _, i := range o.sorted() {
		a, k, v := &o.account[i], len(keys), len(values)
		keys = append(append(keys, accountPrefix), a.address[:]...)
		values = a.encode(values)
		out = append(out, KV{Key: keys[k:len(keys):len(keys)], Value: values[v:len(values):len(values)]})
	}
	for _, k := range slices.Sorted(maps.Keys(o.changed)) {
		out = append(out, KV{Key: []byte(k), Value: o.changed[k]})
	}
	return out
}

// sorted gives the places of the accounts in the order of their addresses.
func (o *overlay) sorted() []int {
	type ref struct {
		prefix uint64 // of the address: nearly always enough
		place  int
	}
	refs := make([]ref, len(o.account))
	for i := range o.account {
		refs[i] = ref{binary.BigEndian.Uint64(o.account[i].address[:]), i}
	}
	slices.SortFunc(refs, func(x, y ref) int {
		if x.prefix != y.prefix {
			return cmp.Compare(x.prefix, y.prefix)
		}
		return slices.Compare(o.account[x.place].address[:], o.account[y.place].address[:])
	})
	places := make([]int, len(refs))
	for i := range refs {
		places[i] = refs[i].place
	}
	return places
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
