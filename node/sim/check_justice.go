package sim

import "github.com/posnet/posnet/node/chain"

// justice: nobody honest is ever accused, and evidence names the guilty.
type justice struct{ Watching }

func (justice) Contradicted(n *Node, e *chain.Evidence) {
	for _, v := range n.nodes {
		if v.public.Address == e.Validator && !v.byzantine && v.excused == "" {
			n.Violate("justice: %s has evidence against honest %s", n.Name, v.Name)
		}
	}
}
