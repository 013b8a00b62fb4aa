package faults

import "github.com/posnet/posnet/node/chain"

var invalidNoCertificate = invalidBlock("no-certificate", "does not carry the certificate of its parent", func(t *turn) *chain.Block {
	b := t.block()
	if b == nil || b.Certificate == nil {
		return nil
	}
	b.Certificate = nil
	if t.chance(0.5) {
		b.Header.Certificate = chain.Hash{}
	}
	return b
})
