package faults

import "github.com/posnet/posnet/node/chain"

var invalidParent = spoiltBody("parent", "builds on another block than the decided one, which it says has the same certificate", func(t *turn, b *chain.Block) bool {
	if b.Certificate == nil {
		return false
	}
	b.Header.Parent = t.anything()
	if c := *b.Certificate; t.chance(0.7) { // no contradiction within the block: only who knows the parent can tell
		c.BlockHash = b.Header.Parent
		b.Certificate, b.Header.Certificate = &c, c.Hash()
	}
	return true
})
