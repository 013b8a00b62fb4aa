package faults

import (
	"slices"

	"github.com/posnet/posnet/node/chain"
)

var invalidDuplicatedSigner = spoiltCertificate("duplicated-signer", "carries a certificate that counts one signature for several validators, or validators that there are not",
	func(t *turn, c *chain.Certificate) bool {
		i, ok := t.view.Set.Index(t.Address())
		if !ok {
			return false
		}
		vote, n := c.Vote(), t.view.Set.Len()
		own := t.Consensus.Sign(chain.VoteMessage(t.genesis, &vote))
		c.Signers, c.Signatures = make([]byte, len(c.Signers)), nil
		switch t.r.IntN(3) {
		case 0: // everybody signed, with the attacker's signature
			for v := range n {
				c.Signers[v/8] |= 1 << (v % 8)
				c.Signatures = append(c.Signatures, own)
			}
		case 1: // one bit, many signatures
			c.Signers[i/8] |= 1 << (i % 8)
			c.Signatures = slices.Repeat([]chain.Signature{own}, n)
		default: // bits behind the last validator
			c.Signers = append(c.Signers, 0xff)
			c.Signers[i/8] |= 1 << (i % 8)
			c.Signatures = slices.Repeat([]chain.Signature{own}, 9)
		}
		return true
	})
