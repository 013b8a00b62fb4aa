package chain

import "fmt"

// VoteKind is one of the two votes of a round.
type VoteKind uint64

// The kinds of vote.
const (
	Prevote   VoteKind = 1
	Precommit VoteKind = 2
)

// String is the word used in logs and metrics.
func (k VoteKind) String() string {
	switch k {
	case Prevote:
		return "prevote"
	case Precommit:
		return "precommit"
	}
	return fmt.Sprintf("vote(%d)", uint64(k))
}

// Vote is a validator's word on a block at a height and round. It carries
// neither time nor voter, so that all votes for one block sign the same bytes
// and asking again gives the same signature.
type Vote struct {
	_         struct{} `cbor:",toarray"`
	Kind      VoteKind `json:"kind"`
	Height    uint64   `json:"height"`
	Round     uint64   `json:"round"`
	BlockHash Hash     `json:"blockHash"` // zero: a vote for no block ("nil")
}

// SignedVote is a vote from the wire: not yet checked.
type SignedVote struct {
	_         struct{}  `cbor:",toarray"`
	Vote      Vote      `json:"vote"`
	Validator Address   `json:"validator"`
	Signature Signature `json:"signature"` // by Validator's consensus key over VoteMessage
}

// VoteMessage is what a voter signs.
func VoteMessage(genesis Hash, v *Vote) []byte {
	return append(message("posnet/vote/v1", genesis), Encode(v)...)
}

// Check refuses what no state could make valid.
func (v *Vote) Check() error {
	if v.Kind != Prevote && v.Kind != Precommit {
		return fmt.Errorf("unknown kind of vote %d", uint64(v.Kind))
	}
	if v.Height == 0 || v.Round > MaxRound {
		return fmt.Errorf("vote at height %d round %d: out of range", v.Height, v.Round)
	}
	return nil
}

// Certificate proves that a block is final: precommits for it, all of one
// round, of validators that hold more than two thirds of the stake of the set
// of its height.
type Certificate struct {
	_          struct{}    `cbor:",toarray"`
	Height     uint64      `json:"height"`
	Round      uint64      `json:"round"`
	BlockHash  Hash        `json:"blockHash"`
	Signers    []byte      `json:"signers"`    // bit i (byte i/8, least bit first): validator i of the set signed
	Signatures []Signature `json:"signatures"` // of the signers, in their order
}

// Vote is the precommit that every signer signed.
func (c *Certificate) Vote() Vote {
	return Vote{Kind: Precommit, Height: c.Height, Round: c.Round, BlockHash: c.BlockHash}
}

// Hash identifies the certificate; the next header carries it.
func (c *Certificate) Hash() Hash { return Sum(Encode(c)) }

// Indices lists the signers' positions in a set of n validators. It fails if
// the bitmap does not fit n or the number of signatures does not fit the bitmap.
func (c *Certificate) Indices(n int) ([]int, error) {
	if len(c.Signers) != (n+7)/8 {
		return nil, fmt.Errorf("certificate of height %d: bitmap of %d bytes for %d validators", c.Height, len(c.Signers), n)
	}
	var idx []int
	for i := range 8 * len(c.Signers) {
		if c.Signers[i/8]&(1<<(i%8)) == 0 {
			continue
		}
		if i >= n {
			return nil, fmt.Errorf("certificate of height %d: signer %d of only %d validators", c.Height, i, n)
		}
		idx = append(idx, i)
	}
	if len(idx) != len(c.Signatures) {
		return nil, fmt.Errorf("certificate of height %d: %d signers, %d signatures", c.Height, len(idx), len(c.Signatures))
	}
	return idx, nil
}
