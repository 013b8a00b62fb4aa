package sim

import (
	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
)

// equivocation: an honest key never signs two things for one slot, over all
// that its processes ever released.
type equivocation struct {
	Watching
	slots map[slot]chain.Hash
}

// slot is where a validator may sign one thing only.
type slot struct {
	validator     chain.Address
	kind          byte
	height, round uint64
}

func newEquivocation() *equivocation { return &equivocation{slots: map[slot]chain.Hash{}} }

func (e *equivocation) Released(n *Node, kind byte, payload []byte) {
	if n.byzantine || n.excused != "" {
		return
	}
	s := slot{validator: n.public.Address, kind: kind}
	var what chain.Hash
	switch kind {
	case replica.FrameVote:
		var v chain.SignedVote
		if err := chain.Decode(payload, &v, 1024); err != nil {
			n.Violate("%s sends a vote nobody can read: %v", n.Name, err)
			return
		}
		if v.Validator != n.public.Address {
			return // of another, passed on
		}
		s.kind, s.height, s.round = byte(v.Vote.Kind), v.Vote.Height, v.Vote.Round
		what = v.Vote.BlockHash
	case replica.FrameProposal:
		var p chain.SignedProposal
		if err := chain.Decode(payload, &p, chain.MaxProposalBytes); err != nil {
			n.Violate("%s sends a proposal nobody can read: %v", n.Name, err)
			return
		}
		// A proposal goes on from whoever has it: what counts is who signed it.
		s.kind, s.height, s.round = 'p', p.Height, p.Round
		what = chain.Sum(p.BlockHash[:], chain.Uint64(uint64(p.ValidRound)))
		by := n.signerOf(&p)
		if by == nil || by.byzantine || by.excused != "" {
			return
		}
		s.validator = by.public.Address
	default:
		return
	}
	if before, ok := e.slots[s]; ok && before != what {
		n.Violate("equivocation: two different messages of kind %d for height %d round %d left %s", s.kind, s.height, s.round, n.Name)
	}
	e.slots[s] = what
	if len(e.slots) > 1<<17 {
		low := n.lowest()
		for s := range e.slots {
			if s.height+100 < low {
				delete(e.slots, s)
			}
		}
	}
}

// signerOf is whose signature a proposal bears.
func (n *Node) signerOf(p *chain.SignedProposal) *Node {
	block, err := chain.DecodeBlock(p.Block, chain.MaxBlockBytes)
	if err != nil {
		n.Violate("%s sends a proposal whose block nobody can read: %v", n.Name, err)
		return nil
	}
	for _, v := range n.nodes {
		if v.twinOf != nil {
			continue
		}
		if p.ValidRound < 0 && block.Header.Forger == v.public.Address {
			return v
		}
		if p.ValidRound >= 0 && n.known.Verify(v.public.Keys.Consensus, chain.ProposalMessage(n.genesisHash, p), p.Signature) {
			return v
		}
	}
	return nil
}
