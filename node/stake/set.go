package stake

import (
	"bytes"
	"fmt"
	"sort"

	"github.com/posnet/posnet/node/chain"
)

// Validator is a member of a set: who it is, the keys it speaks with, and what
// it weighs.
type Validator struct {
	_       struct{} `cbor:",toarray"`
	Address chain.Address
	Keys    chain.ValidatorKeys
	Stake   uint64 // base units; at least 1
}

// Set is the validator set of a height: in ascending order of address, each
// with stake. It never changes once made.
type Set struct {
	validators []Validator
	ends       []uint64 // ends[i] = stake of validators 0..i: where arc i ends
	hash       chain.Hash
}

// MaxValidators caps a set.
const MaxValidators = 1 << 12

// NewSet makes a set of validators in any order. It fails if one is listed
// twice, has no stake, or the sum passes [chain.MaxSupply]. An empty set is
// refused: it could never decide anything.
func NewSet(validators []Validator) (*Set, error) {
	if len(validators) == 0 {
		return nil, fmt.Errorf("a validator set needs at least one validator with stake")
	}
	if len(validators) > MaxValidators {
		return nil, fmt.Errorf("a validator set of %d: at most %d are allowed", len(validators), MaxValidators)
	}
	s := &Set{validators: append([]Validator(nil), validators...)}
	sort.Slice(s.validators, func(i, j int) bool {
		return bytes.Compare(s.validators[i].Address[:], s.validators[j].Address[:]) < 0
	})
	s.ends = make([]uint64, len(s.validators))
	total := uint64(0)
	for i, v := range s.validators {
		if i > 0 && s.validators[i-1].Address == v.Address {
			return nil, fmt.Errorf("validator %s is listed twice", v.Address)
		}
		if v.Stake == 0 || v.Stake > chain.MaxSupply || total+v.Stake > chain.MaxSupply {
			return nil, fmt.Errorf("validator %s: stake %d is not from 1 to the largest supply", v.Address, v.Stake)
		}
		total += v.Stake
		s.ends[i] = total
	}
	s.hash = chain.Sum(chain.Encode(s.validators))
	return s, nil
}

// DecodeSet reads what [Set.Encode] wrote.
func DecodeSet(b []byte) (*Set, error) {
	var vs []Validator
	if err := chain.Decode(b, &vs, MaxValidators*256); err != nil {
		return nil, fmt.Errorf("read validator set: %w", err)
	}
	s, err := NewSet(vs)
	if err == nil && s.hash != chain.Sum(b) {
		return nil, fmt.Errorf("read validator set: %w: its validators are out of order", chain.ErrEncoding)
	}
	return s, err
}

// Encode is the canonical encoding; [Set.Hash] is its hash.
func (s *Set) Encode() []byte { return chain.Encode(s.validators) }

// Hash names the set; headers carry it.
func (s *Set) Hash() chain.Hash { return s.hash }

// Len is the number of validators.
func (s *Set) Len() int { return len(s.validators) }

// At is validator number i in canonical order.
func (s *Set) At(i int) Validator { return s.validators[i] }

// Total is the sum of stake, T.
func (s *Set) Total() uint64 { return s.ends[len(s.ends)-1] }

// Index finds a validator by address.
func (s *Set) Index(a chain.Address) (int, bool) {
	i := sort.Search(len(s.validators), func(i int) bool {
		return bytes.Compare(s.validators[i].Address[:], a[:]) >= 0
	})
	return i, i < len(s.validators) && s.validators[i].Address == a
}

// ByPeer finds a validator by its node key.
func (s *Set) ByPeer(k chain.PublicKey) (int, bool) {
	for i := range s.validators {
		if s.validators[i].Keys.Peer == k {
			return i, true
		}
	}
	return 0, false
}
