package consensus

import (
	"fmt"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/stake"
)

// Vote is a vote whose signature and membership have been checked. Only
// [VerifyVote] makes one.
type Vote struct {
	signed chain.SignedVote
	index  int // of the voter in the set of the height
}

// Proposal is a proposal whose signatures, lottery and VRF proof have been
// checked; its transactions have not been applied. Only [VerifyProposal]
// makes one.
type Proposal struct {
	signed   chain.SignedProposal
	block    *chain.Block
	received uint64 // Unix milliseconds
}

// Signed is the vote as it travels.
func (v Vote) Signed() chain.SignedVote { return v.signed }

// Signed is the proposal as it travels.
func (p Proposal) Signed() *chain.SignedProposal { return &p.signed }

// Block is the proposed block.
func (p Proposal) Block() *chain.Block { return p.block }

// Rules are what a message of a height is checked against.
type Rules struct {
	Genesis chain.Hash
	Height  uint64
	Set     *stake.Set
	Seed    chain.Hash // of the previous height
	Params  chain.Params
	Known   *keys.Known // signatures found good before; nil: check all
}

// VerifyVote checks a vote from the wire.
func (r *Rules) VerifyVote(v *chain.SignedVote) (Vote, error) {
	if err := v.Vote.Check(); err != nil {
		return Vote{}, err
	}
	if v.Vote.Height != r.Height {
		return Vote{}, fmt.Errorf("vote of height %d at height %d", v.Vote.Height, r.Height)
	}
	i, ok := r.Set.Index(v.Validator)
	if !ok {
		return Vote{}, fmt.Errorf("vote of %s, who is not a validator at height %d", v.Validator, r.Height)
	}
	if !r.Known.Verify(r.Set.At(i).Keys.Consensus, chain.VoteMessage(r.Genesis, &v.Vote), v.Signature) {
		return Vote{}, fmt.Errorf("vote of %s at height %d: the signature is wrong", v.Validator, r.Height)
	}
	return Vote{signed: *v, index: i}, nil
}

// VerifyProposal checks a proposal from the wire: that it is well-formed, that
// the header was signed by the winner of the header's round, that a
// re-proposal was signed by the winner of its own, and the VRF proof.
// receivedAt is the receiver's clock in Unix milliseconds.
func (r *Rules) VerifyProposal(p *chain.SignedProposal, receivedAt uint64) (Proposal, error) {
	if err := p.Check(); err != nil {
		return Proposal{}, err
	}
	if p.Height != r.Height {
		return Proposal{}, fmt.Errorf("proposal of height %d at height %d", p.Height, r.Height)
	}
	block, err := chain.DecodeBlock(p.Block, int(r.Params.MaxBytes))
	if err != nil {
		return Proposal{}, err
	}
	h := &block.Header
	switch {
	case h.Hash() != p.BlockHash:
		return Proposal{}, fmt.Errorf("proposal at height %d: it brings another block than it names", p.Height)
	case h.Height != p.Height:
		return Proposal{}, fmt.Errorf("proposal at height %d: it brings a block of height %d", p.Height, h.Height)
	case p.ValidRound < 0 && h.Round != p.Round:
		return Proposal{}, fmt.Errorf("proposal at height %d: a fresh block of round %d in round %d", p.Height, h.Round, p.Round)
	case p.ValidRound >= 0 && int64(h.Round) > p.ValidRound:
		return Proposal{}, fmt.Errorf("proposal at height %d: a block of round %d cannot have been prevoted in round %d", p.Height, h.Round, p.ValidRound)
	}
	if err := r.VerifyHeader(block); err != nil {
		return Proposal{}, err
	}
	if p.ValidRound >= 0 {
		w := r.Set.At(r.Set.Winner(r.Seed, r.Height, p.Round))
		if !r.Known.Verify(w.Keys.Consensus, chain.ProposalMessage(r.Genesis, p), p.Signature) {
			return Proposal{}, fmt.Errorf("proposal at height %d round %d: it is not signed by the winner %s", p.Height, p.Round, w.Address)
		}
	}
	return Proposal{signed: *p, block: block, received: receivedAt}, nil
}

// VerifyHeader checks that a block belongs to this height of this network, was
// forged by the winner of its round, and proves its VRF output.
func (r *Rules) VerifyHeader(b *chain.Block) error {
	h := &b.Header
	if h.Genesis != r.Genesis || h.Height != r.Height {
		return fmt.Errorf("block %d: of another network or height", h.Height)
	}
	if h.Set != r.Set.Hash() {
		return fmt.Errorf("block %d: it names another validator set", h.Height)
	}
	// The signature comes before the lottery: a stranger cannot make us draw the
	// rounds of a whole cycle.
	i, ok := r.Set.Index(h.Forger)
	if !ok {
		return fmt.Errorf("block %d: forged by %s, who is not a validator at this height", h.Height, h.Forger)
	}
	if !r.Known.Verify(r.Set.At(i).Keys.Consensus, chain.HeaderMessage(r.Genesis, h.Hash()), b.Signature) {
		return fmt.Errorf("block %d: the forger's signature is wrong", h.Height)
	}
	if w := r.Set.Winner(r.Seed, r.Height, h.Round); w != i {
		return fmt.Errorf("block %d round %d: forged by %s, but %s won the lottery", h.Height, h.Round, h.Forger, r.Set.At(w).Address)
	}
	_, err := r.Beta(h)
	return err
}

// Beta is the VRF output a header of round 0 proves; nil for a later round.
func (r *Rules) Beta(h *chain.Header) ([]byte, error) {
	if h.Round != 0 {
		return nil, nil
	}
	if len(h.VRFProof) != chain.VRFProofBytes {
		return nil, fmt.Errorf("block %d: the VRF proof is missing", h.Height)
	}
	i, ok := r.Set.Index(h.Forger)
	if !ok {
		return nil, fmt.Errorf("block %d: the forger is not a validator", h.Height)
	}
	beta, err := r.Known.VRFVerify(r.Set.At(i).Keys.VRF, stake.VRFInput(r.Genesis, r.Seed, r.Height), [chain.VRFProofBytes]byte(h.VRFProof))
	if err != nil {
		return nil, fmt.Errorf("block %d: the VRF proof is wrong: %w", h.Height, err)
	}
	return beta[:], nil
}

// NextSeed is the seed that a decided header of this height leaves.
func (r *Rules) NextSeed(h *chain.Header) (chain.Hash, error) {
	beta, err := r.Beta(h)
	if err != nil {
		return chain.Hash{}, err
	}
	return stake.NextSeed(r.Seed, beta), nil
}
