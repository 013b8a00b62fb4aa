package signer

import (
	"cmp"
	"fmt"
)

// Kind is the step of a round a message belongs to. The order of the values is the order in which a round uses them.
type Kind uint8

// The kinds of message a consensus key signs. Their values are on disk.
const (
	Proposal  Kind = 1 // a header of the round, or an earlier block proposed again
	Prevote   Kind = 2
	Precommit Kind = 3
)

// String is the word used in logs.
func (k Kind) String() string {
	switch k {
	case Proposal:
		return "proposal"
	case Prevote:
		return "prevote"
	case Precommit:
		return "precommit"
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Slot is what one message may be signed for. The zero Slot is below all others: nothing signed yet.
type Slot struct {
	Height uint64
	Round  uint64
	Kind   Kind
}

// String is the form used in errors and logs.
func (s Slot) String() string {
	if s == (Slot{}) {
		return "nothing"
	}
	return fmt.Sprintf("%v at height %d round %d", s.Kind, s.Height, s.Round)
}

// Compare orders slots: -1 if s is used before t, 0 if they are one slot, 1 if after.
func (s Slot) Compare(t Slot) int {
	return cmp.Or(cmp.Compare(s.Height, t.Height), cmp.Compare(s.Round, t.Round), cmp.Compare(s.Kind, t.Kind))
}

func (s Slot) check() error {
	if s.Height == 0 || s.Kind < Proposal || s.Kind > Precommit {
		return fmt.Errorf("%w: %v, height %d; heights begin at 1 and kinds are proposal, prevote and precommit", ErrBadRequest, s.Kind, s.Height)
	}
	return nil
}
