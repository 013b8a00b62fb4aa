package mempool_test

import (
	"errors"
	"testing"

	"github.com/posnet/posnet/node/chain"
)

// FuzzAdd gives a pool whatever comes. Only the seed below is signed, so nothing else may get in, and nothing may panic.
func FuzzAdd(f *testing.F) {
	ann, bob := newUser(1), newUser(2)
	good := ann.sign(transfer(ann, bob, 1, 1, 10))
	f.Add(good)
	f.Add([]byte{})
	f.Add(good[:len(good)/2])
	f.Add(ann.sign(chain.Tx{Kind: chain.TxRegister, From: ann.addr, To: ann.addr, Nonce: 1, Fee: 10, Payload: chain.Encode(&chain.Registration{})}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		state := newLedger()
		state.balance[ann.addr] = 1000
		p := newPool(t, state, nil)
		tx, err := p.Add(raw)
		var r *chain.Refusal
		switch {
		case err == nil && string(tx.Raw) != string(good):
			t.Fatalf("something unsigned got in: %x", raw)
		case err != nil && !errors.As(err, &r):
			t.Fatalf("want a refusal, got %v", err)
		case err != nil && p.Stats().Transactions != 0:
			t.Fatal("a refused transaction stays")
		}
	})
}
