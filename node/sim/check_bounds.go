package sim

import (
	"github.com/posnet/posnet/node/replica"
)

// bounds: every queue of a node stays within its documented bound, at every
// frame that leaves it and every block that it decides.
type bounds struct{ Watching }

func (bounds) Decided(n *Node, _ replica.Decision) { look(n) }

func (bounds) Released(n *Node, kind byte, _ []byte) {
	if kind == replica.FrameState {
		look(n)
	}
}

func look(n *Node) {
	if n.replica == nil {
		return // it speaks while it opens
	}
	if err := n.replica.Held().Check(); err != nil {
		n.Violate("bounds: %s: %v", n.Name, err)
	}
	if n.engine != nil {
		if err := n.engine.Stats().Check(); err != nil {
			n.Violate("bounds: %s: %v", n.Name, err)
		}
	}
}
