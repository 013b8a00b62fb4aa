package faults

import (
	"slices"

	"github.com/posnet/posnet/node/chain"
)

var invalidCertificate = spoiltCertificate("certificate", "carries a certificate of its parent that proves nothing: a signature too few, of another round, or false",
	func(t *turn, c *chain.Certificate) bool {
		c.Signatures = slices.Clone(c.Signatures)
		switch t.r.IntN(4) {
		case 0:
			c.Round++
		case 1:
			c.Signatures[t.r.IntN(len(c.Signatures))][t.r.IntN(64)] ^= 1
		case 2: // only its own
			i, _ := t.view.Set.Index(t.Address())
			vote := c.Vote()
			c.Signers = make([]byte, len(c.Signers))
			c.Signers[i/8] |= 1 << (i % 8)
			c.Signatures = []chain.Signature{t.Consensus.Sign(chain.VoteMessage(t.genesis, &vote))}
		default:
			c.Signers, c.Signatures = make([]byte, len(c.Signers)), nil
		}
		return true
	})
