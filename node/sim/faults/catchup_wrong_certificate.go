package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/sim"
)

var catchupWrongCertificate = define("catchup-wrong-certificate", Peers, "a peer brings final blocks with certificates that prove nothing: too little stake, one signer twice, another round, foreign signatures",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		liars(f, w, r, func(a *sim.Fetch) bool {
			i := anyOf(r, a)
			if i < 0 {
				return false
			}
			var c chain.Certificate
			if chain.Decode(a.Blocks[i].Certificate, &c, chain.MaxBlockBytes) != nil || len(c.Signatures) == 0 {
				return false // it has lied in another way
			}
			switch one := r.IntN(len(c.Signatures)); r.IntN(9) {
			case 0:
				c.Signatures = c.Signatures[:one]
			case 1: // of one validator, and the others are named without a signature that is theirs
				for j := range c.Signatures {
					c.Signatures[j] = c.Signatures[one]
				}
			case 2:
				c.Round++
			case 3:
				c.Height++
			case 4:
				c.BlockHash[r.IntN(32)] ^= 1
			case 5:
				c.Signatures[one][r.IntN(64)] ^= 1
			case 6: // too little stake, in good order
				c = fewer(c)
			case 7:
				c.Signers, c.Signatures = nil, nil
			default: // a signer that there is not
				c.Signers = append(c.Signers, 1)
				c.Signatures = append(c.Signatures, c.Signatures[one])
			}
			a.Blocks[i].Certificate = chain.Encode(&c)
			return true
		})
	})

// fewer is a certificate of its first signer alone.
func fewer(c chain.Certificate) chain.Certificate {
	signers := make([]byte, len(c.Signers))
	for i, b := range c.Signers {
		if b != 0 {
			signers[i] = b & -b
			break
		}
	}
	c.Signers, c.Signatures = signers, c.Signatures[:1]
	return c
}
