package mempool_test

import (
	"errors"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/mempool"
)

func TestWhatCannotBeAcceptedIsRefusedWithItsReason(t *testing.T) {
	t.Parallel()
	ann, bob := newUser(1), newUser(2)
	good := transfer(ann, bob, 4, 100, 10)
	with := func(change func(*chain.Tx)) []byte {
		tx := good
		change(&tx)
		return ann.sign(tx)
	}
	identity := chain.Address{1} // the identity point: one signature verifies for every message
	notCanonical := chain.Address{}
	for i := range notCanonical {
		notCanonical[i] = 0xff
	}
	tampered := ann.sign(good)
	tampered[len(tampered)-1] ^= 1
	for _, c := range []struct {
		name string
		raw  []byte
		want chain.RefusalCode
	}{
		{"nothing at all", nil, chain.RefusedMalformed},
		{"bytes that are no transaction", []byte("gASVKAAAAAAAAACMBXBvc2l4"), chain.RefusedMalformed},
		{"a transaction with something after it", append(ann.sign(good), 0), chain.RefusedMalformed},
		{"more bytes than any transaction has", make([]byte, chain.MaxTxBytes+1), chain.RefusedTooLarge},
		{"an amount of zero", with(func(tx *chain.Tx) { tx.Amount = 0 }), chain.RefusedMalformed},
		{"an amount above the largest supply", with(func(tx *chain.Tx) { tx.Amount = chain.MaxSupply + 1 }), chain.RefusedMalformed},
		{"a kind nobody knows", with(func(tx *chain.Tx) { tx.Kind = 77 }), chain.RefusedMalformed},
		{"a signature of someone else", bob.sign(good), chain.RefusedSignature},
		{"a tampered signature", tampered, chain.RefusedSignature},
		{"a signature for another network", ann.signFor(chain.Sum([]byte("other")), good), chain.RefusedSignature},
		{"a nonce that is used", with(func(tx *chain.Tx) { tx.Nonce = 3 }), chain.RefusedNonceUsed},
		{"a nonce too far ahead", with(func(tx *chain.Tx) { tx.Nonce = 4 + mempool.DefaultMaxPerAccount }), chain.RefusedNonceGap},
		{"the largest nonce", with(func(tx *chain.Tx) { tx.Nonce = 1<<64 - 1 }), chain.RefusedNonceGap},
		{"more than the account has", with(func(tx *chain.Tx) { tx.Amount = 991 }), chain.RefusedBalance},
		{"a sum that does not fit 64 bits were it not capped", with(func(tx *chain.Tx) { tx.Amount, tx.Fee = chain.MaxSupply, chain.MaxSupply }), chain.RefusedBalance},
		{"a fee below the minimum", with(func(tx *chain.Tx) { tx.Fee = 9 }), chain.RefusedFee},
		{"validity that has passed", with(func(tx *chain.Tx) { tx.ValidUntil = 7 }), chain.RefusedExpired},
		{"a receiver that is no point", with(func(tx *chain.Tx) { tx.To = notCanonical }), chain.RefusedBadKey},
		{"a receiver of small order", with(func(tx *chain.Tx) { tx.To = identity }), chain.RefusedBadKey},
		{"a sender of small order, whose signature anybody can make",
			chain.Encode(&chain.SignedTx{Tx: chain.Tx{Kind: chain.TxTransfer, From: identity, Nonce: 1, To: bob.addr, Amount: 1, Fee: 10}, Signature: chain.Signature{1}}),
			chain.RefusedBadKey},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			state := newLedger()
			state.balance[ann.addr], state.nonce[ann.addr] = 1000, 3
			state.balance[identity] = 1000
			p := newPool(t, state, func(c *mempool.Config) { c.Height = 7 })
			_, err := p.Add(c.raw)
			refused(t, err, c.want)
			if s := p.Stats(); s.Transactions+s.Executable+s.Bytes+s.Accounts != 0 || s.Dropped != 0 {
				t.Fatalf("the refused transaction left something behind: %+v", s)
			}
			mustAdd(t, p, ann.sign(good)) // and harms nobody
		})
	}
}

func TestADuplicateIsRefusedWhateverItsSignature(t *testing.T) {
	t.Parallel()
	ann, bob := newUser(1), newUser(2)
	state := newLedger()
	state.balance[ann.addr] = 1000
	p := newPool(t, state, nil)
	raw := ann.sign(transfer(ann, bob, 1, 100, 10))
	mustAdd(t, p, raw)
	_, err := p.Add(raw)
	refused(t, err, chain.RefusedDuplicate)
	other := append([]byte{}, raw...)
	other[len(other)-1] ^= 1
	_, err = p.Add(other)
	refused(t, err, chain.RefusedDuplicate)
	if !opened(t, p, raw) || opened(t, p, other) {
		t.Fatal("only the bytes whose signature was checked count as verified")
	}
}

func TestWaitingTransactionsOfAnAccountNeverExceedItsBalance(t *testing.T) {
	t.Parallel()
	ann, bob := newUser(1), newUser(2)
	state := newLedger()
	state.balance[ann.addr] = 220
	p := newPool(t, state, nil)
	mustAdd(t, p, ann.sign(transfer(ann, bob, 1, 100, 10)))
	_, err := p.Add(ann.sign(transfer(ann, bob, 2, 101, 10)))
	refused(t, err, chain.RefusedBalance)
	mustAdd(t, p, ann.sign(transfer(ann, bob, 2, 100, 10)))
	if n, err := p.NextNonce(ann.addr); n != 3 || err != nil {
		t.Fatalf("next nonce: want 3, got %d, %v", n, err)
	}
}

func TestAGapIsQueuedUntilItIsFilled(t *testing.T) {
	t.Parallel()
	ann, bob := newUser(1), newUser(2)
	state := newLedger()
	state.balance[ann.addr] = 10_000
	p := newPool(t, state, nil)
	mustAdd(t, p, ann.sign(transfer(ann, bob, 3, 1, 10)))
	mustAdd(t, p, ann.sign(transfer(ann, bob, 2, 1, 10)))
	if n := p.Executable(); n != 0 {
		t.Fatalf("nothing is executable before nonce 1 is there, got %d", n)
	}
	mustAdd(t, p, ann.sign(transfer(ann, bob, 1, 1, 10)))
	if n := p.Executable(); n != 3 {
		t.Fatalf("want all 3 executable, got %d", n)
	}
	if got := nonces(p.Select(10, 1<<20)); len(got) != 3 || got[0] != 1 || got[1] != 2 || got[2] != 3 {
		t.Fatalf("want nonces 1 2 3, got %v", got)
	}
}

func TestReplacingCostsATenthMore(t *testing.T) {
	t.Parallel()
	ann, bob := newUser(1), newUser(2)
	state := newLedger()
	state.balance[ann.addr] = 1000
	var dropped []chain.RefusalCode
	p := newPool(t, state, func(c *mempool.Config) {
		c.OnDrop = func(_ *mempool.Tx, why chain.RefusalCode) { dropped = append(dropped, why) }
	})
	old := mustAdd(t, p, ann.sign(transfer(ann, bob, 1, 900, 100)))
	for _, fee := range []uint64{10, 100, 109} {
		_, err := p.Add(ann.sign(transfer(ann, bob, 1, 1, fee)))
		refused(t, err, chain.RefusedFee)
	}
	// The balance only covers it because the old one goes.
	mustAdd(t, p, ann.sign(transfer(ann, bob, 1, 890, 110)))
	if p.Has(old.ID) || p.Stats().Transactions != 1 || len(dropped) != 1 || dropped[0] != chain.RefusedFee {
		t.Fatalf("the old one must be gone and reported: %+v, %v", p.Stats(), dropped)
	}
}

func TestAStoreThatFailsIsNotTheSendersFault(t *testing.T) {
	t.Parallel()
	ann, bob := newUser(1), newUser(2)
	state := newLedger()
	state.broken = errors.New("disk on fire")
	p := newPool(t, state, nil)
	_, err := p.Add(ann.sign(transfer(ann, bob, 1, 1, 10)))
	var r *chain.Refusal
	if err == nil || errors.As(err, &r) || !errors.Is(err, state.broken) {
		t.Fatalf("want the store's error, got %v", err)
	}
}

func TestTheStatesOwnRulesAreAsked(t *testing.T) {
	t.Parallel()
	ann, bob := newUser(1), newUser(2)
	state := newLedger()
	state.balance[ann.addr] = 1000
	p := newPool(t, state, func(c *mempool.Config) {
		c.Check = func(tx *chain.Tx) error {
			if tx.Kind == chain.TxStake {
				return chain.Refuse(chain.RefusedNotValidator, "no such validator")
			}
			return nil
		}
	})
	stake := transfer(ann, bob, 1, 1, 10)
	stake.Kind = chain.TxStake
	_, err := p.Add(ann.sign(stake))
	refused(t, err, chain.RefusedNotValidator)
	mustAdd(t, p, ann.sign(transfer(ann, bob, 1, 1, 10)))
}

func TestARegistrationMustProveEachKey(t *testing.T) {
	t.Parallel()
	ann := newUser(1)
	own := []user{newUser(11), newUser(12), newUser(13)} // consensus, VRF, node
	register := func(change func(*chain.Registration)) []byte {
		var r chain.Registration
		r.Keys = chain.ValidatorKeys{Consensus: chain.PublicKey(own[0].addr), VRF: chain.PublicKey(own[1].addr), Peer: chain.PublicKey(own[2].addr)}
		msg := chain.RegistrationMessage(genesis, ann.addr, &r.Keys)
		r.ConsensusProof, r.VRFProof, r.PeerProof = own[0].key.Sign(msg), own[1].key.Sign(msg), own[2].key.Sign(msg)
		change(&r)
		return ann.sign(chain.Tx{Kind: chain.TxRegister, From: ann.addr, To: ann.addr, Nonce: 1, Fee: 10, Payload: chain.Encode(&r)})
	}
	for _, c := range []struct {
		name   string
		change func(*chain.Registration)
		want   chain.RefusalCode
	}{
		{"no proof of the consensus key", func(r *chain.Registration) { r.ConsensusProof = chain.Signature{} }, chain.RefusedBadProof},
		{"the VRF key of another", func(r *chain.Registration) { r.Keys.VRF = chain.PublicKey(newUser(99).addr) }, chain.RefusedBadProof},
		{"proofs swapped", func(r *chain.Registration) { r.VRFProof, r.PeerProof = r.PeerProof, r.VRFProof }, chain.RefusedBadProof},
		{"one key in two roles", func(r *chain.Registration) { r.Keys.VRF, r.VRFProof = r.Keys.Peer, r.PeerProof }, chain.RefusedBadKey},
		{"a key of small order", func(r *chain.Registration) { r.Keys.Consensus = chain.PublicKey{1} }, chain.RefusedBadKey},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			state := newLedger()
			state.balance[ann.addr] = 10
			p := newPool(t, state, nil)
			_, err := p.Add(register(c.change))
			refused(t, err, c.want)
			mustAdd(t, p, register(func(*chain.Registration) {}))
		})
	}
}

func TestABatchIsJudgedOneByOne(t *testing.T) {
	t.Parallel()
	ann, bob := newUser(1), newUser(2)
	state := newLedger()
	state.balance[ann.addr] = 1000
	p := newPool(t, state, nil)
	first := ann.sign(transfer(ann, bob, 1, 1, 10))
	got := p.AddAll([][]byte{
		first,
		[]byte("garbage"),
		bob.sign(transfer(ann, bob, 2, 1, 10)),
		first,
		ann.sign(transfer(ann, bob, 2, 1, 10)),
	})
	for i, want := range []chain.RefusalCode{"", chain.RefusedMalformed, chain.RefusedSignature, chain.RefusedDuplicate, ""} {
		if want == "" {
			if got[i].Err != nil || got[i].Tx == nil {
				t.Errorf("number %d must be admitted, got %v", i, got[i].Err)
			}
			continue
		}
		refused(t, got[i].Err, want)
	}
	if p.Executable() != 2 {
		t.Fatalf("want 2 executable, got %d", p.Executable())
	}
}
