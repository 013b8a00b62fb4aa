package sim

// durability: what a node has called final is there after every restart.
type durability struct{ Watching }

func (durability) Started(n *Node) {
	tip, err := n.store.Tip()
	if err != nil || tip.Height < n.durable {
		n.Violate("durability: %s had decided height %d and starts again at %d (%v)", n.Name, n.durable, tip.Height, err)
		return
	}
	for _, c := range n.checks {
		a, ok := c.(*agreement)
		if !ok || tip.Height == 0 || n.byzantine || n.twinOf != nil {
			continue
		}
		if first, ok := a.blocks[tip.Height]; ok && first.Hash() != tip.Hash {
			n.Violate("durability: %s starts with block %s at height %d, decided was %s", n.Name, tip.Hash.Short(), tip.Height, first.Hash().Short())
		}
	}
	// A commit that a crash overtook may be there without having been acknowledged.
	n.durable = max(n.durable, tip.Height)
}
