package replica_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
)

// TestABlockMustProveThatItsParentIsFinal changes the certificate that block 2
// brings of block 1, as a majority that does not care could have it certified:
// the header names it, the forger signed it, and it proves nothing.
func TestABlockMustProveThatItsParentIsFinal(t *testing.T) {
	t.Parallel()
	blocks := history(t, 2)
	for name, change := range map[string]func(*chain.Certificate){
		"a certificate that nobody signed":      func(c *chain.Certificate) { c.Signers, c.Signatures = []byte{0}, nil },
		"a certificate with a forged signature": func(c *chain.Certificate) { c.Signatures[0][7] ^= 1 },
		"a certificate of another round":        func(c *chain.Certificate) { c.Round++ },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := boot(vfs.NewMem(), newWitness(), false)
			must(t, err)
			must(t, m.replica.Certified(blocks[0].raw(), blocks[0].rawCert()))
			var bad certified
			must(t, chain.Decode(blocks[1].raw(), &bad.block, chain.MaxBlockBytes))
			must(t, chain.Decode(blocks[1].rawCert(), &bad.cert, chain.MaxBlockBytes))
			change(bad.block.Certificate)
			bad.block.Header.Certificate = bad.block.Certificate.Hash()
			bad.sign()
			bad.certify()
			err = m.replica.Certified(bad.raw(), bad.rawCert())
			if err == nil || errors.Is(err, replica.ErrHostile) || !strings.Contains(err.Error(), "certificate of height 1") || m.height() != 1 {
				t.Errorf("got %v at height %d, want a failure of the node that speaks of the certificate", err, m.height())
			}
		})
	}
}
