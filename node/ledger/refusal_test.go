package ledger

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

// smallOrder is the identity point: as a public key one signature, its own point
// and a zero scalar, is valid for every message.
var (
	smallOrder = chain.Address{1}
	anySigned  = chain.Signature{1}
)

func TestIdentityPointSignsEverything(t *testing.T) {
	t.Parallel()
	if !keys.Verify(smallOrder, []byte("whatever"), anySigned) {
		t.Fatal("the tests below rest on a forged signature that does not verify")
	}
}

func TestTransactionsAreRefusedWithTheirReason(t *testing.T) {
	t.Parallel()
	rich, other, stranger := people[4], people[5], newPerson(50)
	type tx = chain.Tx
	for name, c := range map[string]struct {
		make func(w *world) [][]byte
		code chain.RefusalCode
	}{
		"a nonce that was used": {func(w *world) [][]byte {
			return [][]byte{w.sign(rich, tx{Kind: chain.TxTransfer, To: other.address(), Amount: 1, Nonce: 1}), w.sign(rich, tx{Kind: chain.TxTransfer, To: other.address(), Amount: 2, Nonce: 1})}
		}, chain.RefusedNonceUsed},
		"a nonce ahead": {func(w *world) [][]byte {
			return [][]byte{w.sign(rich, tx{Kind: chain.TxTransfer, To: other.address(), Amount: 1, Nonce: 2})}
		}, chain.RefusedNonceGap},
		"a fee below the least": {func(w *world) [][]byte {
			return [][]byte{w.sign(rich, tx{Kind: chain.TxTransfer, To: other.address(), Amount: 1, Fee: 999})}
		}, chain.RefusedFee},
		"a height that is over": {func(w *world) [][]byte {
			w.block(t)
			return [][]byte{w.sign(rich, tx{Kind: chain.TxTransfer, To: other.address(), Amount: 1, ValidUntil: 1})}
		}, chain.RefusedExpired},
		"one unit more than there is": {func(w *world) [][]byte {
			return [][]byte{w.transfer(rich, other, 1000*pos-1000+1)}
		}, chain.RefusedBalance},
		"a sender nobody knows": {func(w *world) [][]byte {
			return [][]byte{w.transfer(stranger, other, 1)}
		}, chain.RefusedBalance},
		"a receiver that is no key": {func(w *world) [][]byte {
			return [][]byte{w.sign(rich, tx{Kind: chain.TxTransfer, To: chain.Address{2}, Amount: 1})}
		}, chain.RefusedBadKey},
		"a receiver whose key signs everything": {func(w *world) [][]byte {
			return [][]byte{w.sign(rich, tx{Kind: chain.TxTransfer, To: smallOrder, Amount: 1})}
		}, chain.RefusedBadKey},
		"a signature of another": {func(w *world) [][]byte {
			return [][]byte{w.sign(other, tx{Kind: chain.TxTransfer, From: rich.address(), To: other.address(), Amount: 1})}
		}, chain.RefusedSignature},
		"stake for who is no validator": {func(w *world) [][]byte {
			return [][]byte{w.stake(rich, other, 1)}
		}, chain.RefusedNotValidator},
		"a second registration": {func(w *world) [][]byte {
			return [][]byte{w.register(people[0])}
		}, chain.RefusedRegistered},
		"the keys of another": {func(w *world) [][]byte {
			thief := rich
			thief.consensus = people[0].consensus // holds the key, even so
			return [][]byte{w.register(thief)}
		}, chain.RefusedKeyInUse},
		"a key in another role of another": {func(w *world) [][]byte {
			thief := rich
			thief.vrf = people[0].consensus
			return [][]byte{w.register(thief)}
		}, chain.RefusedKeyInUse},
		"a key in two roles": {func(w *world) [][]byte {
			double := rich
			double.vrf = rich.consensus
			return [][]byte{w.register(double)}
		}, chain.RefusedBadKey},
		"the account's key as a node key": {func(w *world) [][]byte {
			double := rich
			double.peer = rich.account
			return [][]byte{w.register(double)}
		}, chain.RefusedBadKey},
		"a VRF key of small order": {func(w *world) [][]byte {
			r := &chain.Registration{Keys: rich.keys(), VRFProof: anySigned}
			r.Keys.VRF = chain.PublicKey(smallOrder)
			msg := chain.RegistrationMessage(w.hash, rich.address(), &r.Keys)
			r.ConsensusProof, r.PeerProof = rich.consensus.Sign(msg), rich.peer.Sign(msg)
			return [][]byte{w.sign(rich, tx{Kind: chain.TxRegister, To: rich.address(), Payload: chain.Encode(r)})}
		}, chain.RefusedBadKey},
		"a key it has not shown to hold": {func(w *world) [][]byte {
			r := rich.registration(w.hash)
			r.Keys.Consensus = newPerson(60).consensus.Public()
			return [][]byte{w.sign(rich, tx{Kind: chain.TxRegister, To: rich.address(), Payload: chain.Encode(r)})}
		}, chain.RefusedBadProof},
		"a proof made for another account": {func(w *world) [][]byte {
			r := other.registration(w.hash)
			return [][]byte{w.sign(rich, tx{Kind: chain.TxRegister, To: rich.address(), Payload: chain.Encode(r)})}
		}, chain.RefusedBadProof},
		"a proof made for another network": {func(w *world) [][]byte {
			r := rich.registration(chain.Sum([]byte("other")))
			return [][]byte{w.sign(rich, tx{Kind: chain.TxRegister, To: rich.address(), Payload: chain.Encode(r)})}
		}, chain.RefusedBadProof},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.refused(t, c.code, c.make(w)...)
		})
	}
}

// With no fee to pay an account may speak that has never had anything. If its
// key signs everything, anybody could be it.
func TestSmallOrderSenderIsRefusedEvenWhereFeesAreZero(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(g *chain.Genesis) { g.Params.MinFee = 0 })
	v := newPerson(70)
	k := v.keys()
	msg := chain.RegistrationMessage(w.hash, smallOrder, &k)
	r := chain.Registration{Keys: k, ConsensusProof: v.consensus.Sign(msg), VRFProof: v.vrf.Sign(msg), PeerProof: v.peer.Sign(msg)}
	raw := chain.Encode(&chain.SignedTx{Signature: anySigned, Tx: chain.Tx{
		Kind: chain.TxRegister, From: smallOrder, To: smallOrder, Nonce: 1, Payload: chain.Encode(&r),
	}})
	w.refused(t, chain.RefusedBadKey, raw)
}

func TestTransactionIsValidUntilItsHeightInclusive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.block(t)
	w.block(t, w.sign(people[4], chain.Tx{Kind: chain.TxTransfer, To: people[5].address(), Amount: 1, ValidUntil: 2}))
	w.refused(t, chain.RefusedExpired, w.sign(people[4], chain.Tx{Kind: chain.TxTransfer, To: people[5].address(), Amount: 1, ValidUntil: 2}))
}

func TestRefusedTransactionIsNamedByItsPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.apply(w.input(w.transfer(people[4], people[5], 1), w.transfer(people[6], people[5], 5000*pos)))
	wantError(t, err, "transaction 1: ")
	bad := w.transfer(people[6], people[5], 1)
	bad[len(bad)-1] ^= 1
	_, err = w.apply(w.input(w.transfer(people[4], people[5], 1), bad))
	wantError(t, err, "transaction 1: ")
}

func TestBlockOnTheWrongHeightIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, h := range []uint64{0, 2, 100} {
		in := w.input()
		in.Height = h
		if _, err := w.apply(in); err == nil {
			t.Errorf("a block of height %d on the genesis is accepted", h)
		}
	}
	in := w.input()
	in.Forger = people[7].address()
	_, err := w.apply(in)
	wantError(t, err, "not a registered validator")
}

func TestSetThatIsFullTakesNoNewMember(t *testing.T) {
	t.Parallel()
	// With this setDelay the sets to come must fit a state value: few members.
	w := newWorld(t, func(g *chain.Genesis) {
		g.Params.SetDelay = 1000
		g.Params.MaxTxs = 100
		for i := range 52 - 3 {
			p := newPerson(byte(100 + i))
			g.Validators = append(g.Validators, chain.GenesisValidator{Address: p.address(), Keys: p.keys()})
			if i > 0 {
				g.Bonds = append(g.Bonds, chain.GenesisBond{Staker: p.address(), Validator: p.address(), Amount: 5})
			}
		}
		sortGenesis(g)
	})
	room := setRoom(&w.genesis.Params)
	if w.last.Next.Len() != room-1 {
		t.Fatalf("the genesis has %d members, want one less than the room, %d", w.last.Next.Len(), room)
	}
	last, tooMany := newPerson(100), people[3]
	w.refused(t, chain.RefusedNotValidator, w.stake(people[4], last, 5), w.stake(people[5], tooMany, 5))
	w.block(t, w.stake(people[4], last, 5), w.stake(people[5], people[0], 5))
	w.refused(t, chain.RefusedNotValidator, w.stake(people[6], tooMany, 5))
	w.block(t, w.stake(people[6], last, 5))
}
