package signer_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/keys"
)

// TestOnlyAProofOfPossessionGoesAroundTheSignState: every other message must
// have a slot, or two of them could contradict each other.
func TestOnlyAProofOfPossessionGoesAroundTheSignState(t *testing.T) {
	t.Parallel()
	s := newSigner(t, vfs.NewMem())
	t.Cleanup(func() { _ = s.Close() })
	for message, proves := range map[string]bool{
		"posnet/identity/v1 and who it is":     true,
		"posnet/register/v1 and who registers": true,
		"posnet/vote/v1 and a vote":            false,
		"posnet/header/v1 and a header":        false,
		"posnet/proposal/v1 and a proposal":    false,
		"posnet/tx/v1 and a transaction":       false,
		"posnet/identity/v":                    false,
		"posnet/":                              false,
		"":                                     false,
	} {
		func() {
			defer func() {
				if refused := recover() != nil; refused == proves {
					t.Errorf("%q: refused %v, is a proof of possession %v", message, refused, proves)
				}
			}()
			c, v := s.Prove([]byte(message))
			if !keys.Verify(consensus.Public(), []byte(message), c) || !keys.Verify(vrf.Public(), []byte(message), v) {
				t.Errorf("%q: a signature does not verify", message)
			}
		}()
	}
}
