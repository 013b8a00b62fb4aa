package sim

import (
	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
)

// Checker watches a run for broken promises, which it reports with
// [World.Violate].
type Checker interface {
	// Started is called when a process has opened what its disk had.
	Started(n *Node)
	// Released is called with every frame before it leaves a process.
	Released(n *Node, kind byte, payload []byte)
	// Decided is called when a block is final and durable on a node.
	Decided(n *Node, d replica.Decision)
	// Contradicted is called when a node has found evidence.
	Contradicted(n *Node, e *chain.Evidence)
	// End is called when the run is over.
	End(w *World)
}

// Watching is a Checker that sees nothing, to build others on.
type Watching struct{}

// Started implements [Checker].
func (Watching) Started(*Node) {}

// Released implements [Checker].
func (Watching) Released(*Node, byte, []byte) {}

// Decided implements [Checker].
func (Watching) Decided(*Node, replica.Decision) {}

// Contradicted implements [Checker].
func (Watching) Contradicted(*Node, *chain.Evidence) {}

// End implements [Checker].
func (Watching) End(*World) {}

// standardCheckers are those of every run.
func standardCheckers(w *World) []Checker {
	return []Checker{
		newAgreement(), newEquivocation(), &durability{}, newLottery(w), newBooks(w), &bounds{}, &justice{},
	}
}
