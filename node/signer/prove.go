package signer

import (
	"bytes"
	"fmt"
)

// possession are the domains of messages that only prove that a key is held.
// No vote, header or proposal begins with one of them, so such a signature can
// never be taken for what a [Slot] guards.
var possession = [][]byte{[]byte("posnet/identity/v1"), []byte("posnet/register/v1")}

// Prove signs a proof of possession with both keys. It panics for a message of
// another domain: that would go around the sign-state.
func (s *Signer) Prove(message []byte) (consensus, vrf [64]byte) {
	for _, domain := range possession {
		if bytes.HasPrefix(message, domain) {
			return s.consensus.Sign(message), s.vrf.Sign(message)
		}
	}
	panic(fmt.Sprintf("signer: %.20q is no proof of possession", message))
}
