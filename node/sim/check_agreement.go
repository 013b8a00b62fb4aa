package sim

import (
	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
)

// agreement: honest nodes never decide two blocks at a height, and see one
// state after each.
type agreement struct {
	Watching
	blocks map[uint64]chain.Header
}

func newAgreement() *agreement { return &agreement{blocks: map[uint64]chain.Header{}} }

// kept is how many heights are remembered: nobody is that far behind.
const kept = 5000

func (a *agreement) Decided(n *Node, d replica.Decision) {
	h := &d.Block.Header
	first, ok := a.blocks[h.Height]
	switch {
	case n.byzantine || n.twinOf != nil:
		return // what it says of itself proves nothing
	case !ok:
		a.first(n, d)
	case first.Hash() != d.Hash:
		n.Violate("agreement: height %d is block %s on %s and block %s elsewhere", h.Height, d.Hash.Short(), n.Name, first.Hash().Short())
	}
	if d.Outcome.State != h.State {
		n.Violate("agreement: %s computed the state root %s for height %d, the block says %s", n.Name, d.Outcome.State.Short(), h.Height, h.State.Short())
	}
}

// first tells of a block that nobody had decided before.
func (a *agreement) first(n *Node, d replica.Decision) {
	h := &d.Block.Header
	a.blocks[h.Height] = *h
	delete(a.blocks, h.Height-min(h.Height, kept))
	if parent, ok := a.blocks[h.Height-1]; ok && parent.Hash() != h.Parent {
		n.Violate("agreement: the parent of height %d is block %s, decided was %s", h.Height, h.Parent.Short(), parent.Hash().Short())
	}
	w := n.World
	w.result.Transfers += uint64(len(d.Block.Txs))
	w.result.Evidence += len(d.Block.Evidence)
	if d.Certificate.Round > 0 {
		w.result.Rounds++
	}
	if w.calmFrom > 0 && h.Height >= w.calmFrom && d.Certificate.Round > w.roundLimit {
		n.Violate("liveness: height %d needed round %d, though all works again: at most %d were to be expected", h.Height, d.Certificate.Round, w.roundLimit)
	}
	w.load.final(d.Outcome.Txs)
	w.say("height %d is final: block %s of round %d, decided in round %d, %d transactions, %d pieces of evidence",
		h.Height, d.Hash.Short(), h.Round, d.Certificate.Round, len(d.Block.Txs), len(d.Block.Evidence))
}
