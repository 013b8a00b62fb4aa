package ledger

import (
	"fmt"

	"github.com/posnet/posnet/node/chain"
)

// Reader is the decided state: the port to the store.
type Reader interface {
	// Get returns the value of key, or nil if there is none.
	Get(key []byte) ([]byte, error)
}

// Account is what an address owns.
type Account struct {
	_       struct{} `cbor:",toarray"`
	Balance uint64   // base units
	Nonce   uint64   // of the last applied transaction; the next has one more
}

// Validator is a registered validator.
type Validator struct {
	_          struct{} `cbor:",toarray"`
	Keys       chain.ValidatorKeys
	Bonded     uint64 // base units bonded to it, by anyone
	Shares     uint64 // shares those bonds consist of; equal to Bonded until a slash
	Registered uint64 // height of its registration; 0: genesis
	JailedAt   uint64 // height at which it was jailed; 0: not jailed
	Forged     uint64 // blocks it forged
}

// Bond is what one staker bonded to one validator.
type Bond struct {
	_      struct{} `cbor:",toarray"`
	Shares uint64   // worth Shares * Bonded / Validator.Shares base units
}

// System is the part of the state that changes with every block.
type System struct {
	_      struct{} `cbor:",toarray"`
	Height uint64
	Time   uint64     // of the block, Unix milliseconds
	Seed   chain.Hash // seed(Height)
	Supply uint64     // sum of all balances and bonds
}

// SetEntry is a validator set and the height it acts from.
type SetEntry struct {
	_    struct{} `cbor:",toarray"`
	From uint64
	Set  []byte // encoding of a stake.Set
}

// The keys of the state: a letter for the kind, then what it is about.

// AccountKey is the key of an [Account].
func AccountKey(a chain.Address) []byte { return append([]byte{accountPrefix}, a[:]...) }

// accountPrefix is the lowest letter of all.
const accountPrefix = 'a'

// ValidatorKey is the key of a [Validator].
func ValidatorKey(a chain.Address) []byte { return append([]byte{'v'}, a[:]...) }

// BondKey is the key of a [Bond].
func BondKey(validator, staker chain.Address) []byte {
	return append(append([]byte{'b'}, validator[:]...), staker[:]...)
}

// OwnerKey is the key of the validator address that registered a public key.
func OwnerKey(k chain.PublicKey) []byte { return append([]byte{'k'}, k[:]...) }

// SystemKey is the key of the [System] value.
func SystemKey() []byte { return []byte{'s'} }

// SetsKey is the key of the list of [SetEntry]: the current set and those to come.
func SetsKey() []byte { return []byte{'t'} }

// ParamsKey is the key of the parameters, a [chain.Params].
func ParamsKey() []byte { return []byte{'p'} }

// Beside is the first letter of keys that lie beside the state: what a node keeps for itself, in no tree and no root. Every
// key of the state begins with a lower one.
const Beside = 'x'

// MaxKeyBytes and maxValueBytes bound the keys of the state and its values.
const (
	MaxKeyBytes   = 1 + 32 + 32
	maxValueBytes = 8 << 20
)

// Load reads a value of the state into v and reports whether it is there.
func Load(r Reader, key []byte, v any) (bool, error) {
	b, err := r.Get(key)
	if err != nil {
		return false, fmt.Errorf("read state %q: %w", key[:1], err)
	}
	if b == nil {
		return false, nil
	}
	if err := chain.Decode(b, v, maxValueBytes); err != nil {
		return false, fmt.Errorf("read state %q: %w", key[:1], err)
	}
	return true, nil
}

// ReadAccount is the account of an address; an unknown one is empty.
func ReadAccount(r Reader, a chain.Address) (Account, error) {
	acc, _, err := findAccount(r, a)
	return acc, err
}

// findAccount is [ReadAccount], and reports whether there is such an account.
func findAccount(r Reader, a chain.Address) (acc Account, found bool, err error) {
	var key [1 + len(a)]byte
	b, err := r.Get(append(append(key[:0], accountPrefix), a[:]...))
	if err != nil {
		return Account{}, false, fmt.Errorf("read account %s: %w", a, err)
	}
	if b == nil {
		return Account{}, false, nil
	}
	if !acc.cut(b) {
		return Account{}, false, fmt.Errorf("read account %s: %w: %x is none", a, chain.ErrEncoding, b)
	}
	return acc, true, nil
}

// maxAccountBytes is the longest encoding of an account.
const maxAccountBytes = 1 + 9 + 9

// encode appends the canonical encoding, by hand: two accounts change with every transfer.
func (a *Account) encode(dst []byte) []byte {
	return chain.AppendUint(chain.AppendUint(chain.AppendArray(dst, 2), a.Balance), a.Nonce)
}

// cut reads the canonical encoding, and reports whether it is one.
func (a *Account) cut(b []byte) bool {
	n, b, err := chain.CutArray(b)
	if err == nil && n == 2 {
		if a.Balance, b, err = chain.CutUint(b); err == nil {
			a.Nonce, b, err = chain.CutUint(b)
		}
		return err == nil && len(b) == 0
	}
	return false
}
