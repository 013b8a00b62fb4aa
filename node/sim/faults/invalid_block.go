package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

// turn is a round that an attacker has won.
type turn struct {
	*attacker
	view  replica.View
	round uint64
}

// block is what an honest forger would propose; nil if it cannot be made.
func (t *turn) block() *chain.Block { return t.forge(t.view, t.plan(t.view, t.round)) }

// invalidBlock is a fault of forgers who propose blocks with one thing wrong, and vote for them. spoil makes the payload of
// the proposal and the block; no block: there is nothing to spoil.
func invalidBlock(name, about string, spoil func(t *turn) *chain.Block) *Fault {
	return define("invalid-block-"+name, Byzantine, "a forger's block "+about, func(f *Fault, w *sim.World, r *rand.Rand) {
		p := 0.5 + 0.5*r.Float64() // sometimes it behaves
		attackers(f, w, r, func(a *attacker) {
			a.turns(func(v replica.View, round uint64) {
				t := &turn{a, v, round}
				if a.chance(p) {
					if b := spoil(t); b != nil {
						a.propose(a.others(), b)
						a.struck()
						return
					}
				}
				if b := t.block(); b != nil {
					a.propose(a.others(), b)
				}
			})
		})
	})
}

// spoiltHeader is an invalid block whose header was changed after all was computed.
func spoiltHeader(name, about string, change func(t *turn, h *chain.Header)) *Fault {
	return invalidBlock(name, about, func(t *turn) *chain.Block {
		b := t.block()
		if b != nil {
			change(t, &b.Header)
		}
		return b
	})
}

// spoiltBody is an invalid block with something beside what an honest one has, and roots as if it were not there.
func spoiltBody(name, about string, change func(t *turn, b *chain.Block) bool) *Fault {
	return invalidBlock(name, about, func(t *turn) *chain.Block {
		b := t.block()
		if b == nil || !change(t, b) {
			return nil
		}
		b.Header.TxRoot, b.Header.Evidence = chain.MerkleRoot(b.Txs), chain.MerkleRoot(b.Evidence)
		return b
	})
}

// spoiltCertificate is an invalid block with something wrong in the certificate of its parent.
func spoiltCertificate(name, about string, change func(t *turn, c *chain.Certificate) bool) *Fault {
	return invalidBlock(name, about, func(t *turn) *chain.Block {
		b := t.block()
		if b == nil || b.Certificate == nil {
			return nil
		}
		c := *b.Certificate
		if !change(t, &c) {
			return nil
		}
		b.Certificate = &c
		b.Header.Certificate = c.Hash()
		return b
	})
}

// anything is a hash of nothing that is known.
func (a *attacker) anything() chain.Hash { return chain.Sum(chain.Uint64(a.r.Uint64())) }
