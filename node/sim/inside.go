package sim

import (
	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/store"
)

// What a Byzantine node, and whoever looks at a run afterwards, may see of a process.

// Address is the node's account, by which it is known as a validator.
func (n *Node) Address() chain.Address { return n.public.Address }

// Store is what the process has decided; to be read while it is up.
func (n *Node) Store() *store.Store { return n.store }
