package chain

import "fmt"

// SignedProposal brings a block to the vote. A fresh one (ValidRound -1) is
// proven by the header's own signature: header.Round is Round and the forger
// is the winner of that round. A re-proposal (ValidRound v >= 0) is an earlier
// block, unchanged, brought again because more than two thirds prevoted it at
// v; the winner of Round signs that.
type SignedProposal struct {
	_          struct{}  `cbor:",toarray"`
	Height     uint64    `json:"height"`
	Round      uint64    `json:"round"`
	ValidRound int64     `json:"validRound"`
	BlockHash  Hash      `json:"blockHash"`
	Signature  Signature `json:"signature"`      // over ProposalMessage; zero when fresh
	Block      []byte    `cbor:"block" json:"-"` // encoding of the Block
}

// MaxProposalBytes caps an encoded proposal.
const MaxProposalBytes = MaxBlockBytes + 256

// ProposalMessage is what the proposer of a re-proposal signs.
func ProposalMessage(genesis Hash, p *SignedProposal) []byte {
	b := message("posnet/proposal/v1", genesis)
	b = append(b, Uint64(p.Height)...)
	b = append(b, Uint64(p.Round)...)
	b = append(b, Uint64(uint64(p.ValidRound))...)
	return append(b, p.BlockHash[:]...)
}

// Check refuses a proposal that contradicts itself. The block within is
// checked apart.
func (p *SignedProposal) Check() error {
	switch {
	case p.Height == 0 || p.Round > MaxRound:
		return fmt.Errorf("proposal at height %d round %d: out of range", p.Height, p.Round)
	case p.ValidRound < -1 || p.ValidRound >= int64(p.Round):
		return fmt.Errorf("proposal at height %d round %d: valid round %d is not an earlier round", p.Height, p.Round, p.ValidRound)
	case p.ValidRound == -1 && p.Signature != Signature{}:
		return fmt.Errorf("proposal at height %d round %d: a fresh proposal is signed in its header only", p.Height, p.Round)
	}
	return nil
}
