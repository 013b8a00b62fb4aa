package faults

import (
	"slices"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/stake"
)

// vote is a signed vote of the attacker, as it travels.
func (a *attacker) vote(kind chain.VoteKind, height, round uint64, block chain.Hash) []byte {
	v := chain.Vote{Kind: kind, Height: height, Round: round, BlockHash: block}
	return chain.Encode(&chain.SignedVote{Vote: v, Validator: a.Address(), Signature: a.Consensus.Sign(chain.VoteMessage(a.genesis, &v))})
}

// both are a prevote and a precommit for a block.
func (a *attacker) both(height, round uint64, block chain.Hash) [][]byte {
	return [][]byte{a.vote(chain.Prevote, height, round, block), a.vote(chain.Precommit, height, round, block)}
}

// fresh is the proposal that brings a block of the attacker's, whose header it signs.
func (a *attacker) fresh(b *chain.Block) []byte { return a.freshIn(b, b.Header.Height, b.Header.Round) }

// freshIn brings the block in another height or round than its own.
func (a *attacker) freshIn(b *chain.Block, height, round uint64) []byte {
	hash := b.Header.Hash()
	b.Signature = a.Consensus.Sign(chain.HeaderMessage(a.genesis, hash))
	return chain.Encode(&chain.SignedProposal{Height: height, Round: round, ValidRound: -1, BlockHash: hash, Block: chain.Encode(b)})
}

// again is a re-proposal of a block that claims a quorum of prevotes in an earlier round.
func (a *attacker) again(b *chain.Block, round uint64, validRound int64) []byte {
	p := chain.SignedProposal{Height: b.Header.Height, Round: round, ValidRound: validRound, BlockHash: b.Header.Hash(), Block: chain.Encode(b)}
	p.Signature = a.Consensus.Sign(chain.ProposalMessage(a.genesis, &p))
	return chain.Encode(&p)
}

// propose sends a block to some and votes for it there, at once.
func (a *attacker) propose(to []*sim.Node, b *chain.Block) {
	payload := a.fresh(b)
	a.tell(to, replica.FrameProposal, payload)
	a.tell(to, replica.FrameVote, a.both(b.Header.Height, b.Header.Round, b.Header.Hash())...)
}

// body is what a forger chooses of a block.
type body struct {
	round    uint64
	time     uint64
	txs      [][]byte
	evidence [][]byte
}

// plan is the body of the block that an honest forger would make now.
func (a *attacker) plan(v replica.View, round uint64) body {
	d := body{round: round, time: max(a.world.Now(), v.Time+1)}
	for _, tx := range a.Replica().Pool().Select(int(v.Params.MaxTxs), int(v.Params.MaxBytes)/2) {
		d.txs = append(d.txs, tx.Raw)
	}
	return d
}

// forge makes a block on the last decided one that is valid in all but what the body makes wrong: its roots are those of
// executing it, without what does not apply, and it is not signed yet. nil when it cannot be executed.
func (a *attacker) forge(v replica.View, d body) *chain.Block {
	h := chain.Header{
		Version: chain.HeaderVersion, Genesis: a.genesis, Height: v.Height + 1, Round: d.round, Forger: a.Address(),
		Time: d.time, Parent: v.Hash, Set: v.Set.Hash(), TxRoot: chain.MerkleRoot(d.txs), Evidence: chain.MerkleRoot(d.evidence),
	}
	b := &chain.Block{Txs: d.txs, Evidence: d.evidence}
	if v.Height > 0 {
		b.Certificate = new(chain.Certificate)
		raw, err := a.Store().Certificate(v.Height)
		if err != nil || chain.Decode(raw, b.Certificate, chain.MaxBlockBytes) != nil {
			return nil
		}
		h.Certificate = b.Certificate.Hash()
	}
	seed := stake.NextSeed(v.Seed, nil)
	if d.round == 0 {
		proof := keys.VRFProve(a.VRF, stake.VRFInput(a.genesis, v.Seed, h.Height))
		beta, err := keys.VRFHash(proof)
		if err != nil {
			return nil
		}
		h.VRFProof, seed = slices.Clone(proof[:]), stake.NextSeed(v.Seed, beta[:])
	}
	in := ledger.Input{
		Genesis: a.genesis, Height: h.Height, Time: h.Time, Forger: h.Forger, Seed: seed, Txs: d.txs, Evidence: d.evidence,
		Opened: unchecked, Refused: func(int, error) {},
	}
	out, err := ledger.Apply(a.Store().StateReader(), a.Store().TreeReader(), in)
	if err != nil {
		in.Evidence = nil // false evidence: the roots are those without it
		if out, err = ledger.Apply(a.Store().StateReader(), a.Store().TreeReader(), in); err != nil {
			return nil
		}
	}
	h.State, h.Results, h.NextSet = out.State, out.Results, out.Next.Hash()
	b.Header = h
	return b
}

// gag keeps the node from speaking in rounds that it has won: the attacker does, and two voices would give it away.
func (a *attacker) gag() {
	a.says(func(m *sim.Message) {
		if a.ownProposal(m) != nil {
			m.Copies = 0
		}
		if vote := a.ownVote(m); vote != nil {
			if v, ok := a.view(); !ok || v.Height+1 != vote.Vote.Height || a.wins(v, vote.Vote.Round) {
				m.Copies = 0
			}
		}
	})
}

// wins reports whether the attacker may forge in a round.
func (a *attacker) wins(v replica.View, round uint64) bool {
	return v.Set.At(v.Set.Winner(v.Seed, v.Height+1, round)).Address == a.Address()
}

// turns calls fn once for every round that the attacker has won, when it begins, in the place of the node.
func (a *attacker) turns(fn func(v replica.View, round uint64)) {
	a.gag()
	a.rounds(func(v replica.View, round uint64) {
		if a.wins(v, round) {
			fn(v, round)
		}
	})
}

// rounds calls fn once for every round that the node enters: when it speaks, which it does when it enters one, and now and
// then, since a node that has stopped voting is silent.
func (a *attacker) rounds(fn func(v replica.View, round uint64)) {
	height, round, planned := uint64(0), uint64(0), false
	look := func() {
		v, ok := a.view()
		if !ok || v.Step == consensus.StepIdle || v.Height+1 == height && v.Round == round {
			return
		}
		height, round = v.Height+1, v.Round
		fn(v, round)
	}
	a.says(func(*sim.Message) {
		if !planned {
			planned = true
			a.world.After(0, func() { planned = false; look() })
		}
	})
	a.world.Always(100, func() uint64 { look(); return 100 })
}

// unchecked opens transactions whatever their signatures are.
func unchecked(raw []byte) (*chain.SignedTx, chain.Hash, bool) {
	tx, err := chain.DecodeTx(raw)
	if err != nil {
		return nil, chain.Hash{}, false
	}
	return tx, tx.Tx.ID(), true
}
