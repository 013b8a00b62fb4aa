package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/posnet/posnet/node/chain"
)

// The holes of the original demonstration that the ledger closes: each test
// tries the attack and sees it refused, with the reason.

func TestHoleMintingByAnExchange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// There is no kind of transaction that makes tokens, whatever its number.
	for kind := chain.TxKind(0); kind < 64; kind++ {
		if kind == chain.TxTransfer || kind == chain.TxRegister || kind == chain.TxStake {
			continue
		}
		raw := w.sign(people[4], chain.Tx{Kind: kind, To: people[4].address(), Amount: pos})
		_, err := w.apply(w.input(raw))
		wantError(t, err, "unknown kind of transaction")
	}
	// Nobody sends what nobody has: not from an empty account, not from the zero address.
	w.refused(t, chain.RefusedBalance, w.transfer(newPerson(90), people[4], pos))
	raw := chain.Encode(&chain.SignedTx{Tx: chain.Tx{Kind: chain.TxTransfer, To: people[4].address(), Nonce: 1, Amount: 1, Fee: 1000}, Signature: anySigned})
	_, err := w.apply(w.input(raw))
	wantError(t, err, "from is missing")
}

func TestHoleDoubleSpendInsideOneBlock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := uint64(1000*pos - 1000)
	first := w.sign(people[4], chain.Tx{Kind: chain.TxTransfer, To: people[5].address(), Amount: all, Nonce: 1})
	second := w.sign(people[4], chain.Tx{Kind: chain.TxTransfer, To: people[6].address(), Amount: all, Nonce: 2})
	sameNonce := w.sign(people[4], chain.Tx{Kind: chain.TxTransfer, To: people[6].address(), Amount: all, Nonce: 1})
	w.refused(t, chain.RefusedBalance, first, second)
	w.refused(t, chain.RefusedNonceUsed, first, sameNonce)
	w.refused(t, chain.RefusedNonceUsed, first, first)
	w.refused(t, chain.RefusedNonceGap, second, first)
	// To oneself it is no more: the sender pays before it receives.
	w.refused(t, chain.RefusedBalance, w.transfer(people[4], people[4], 1000*pos))
	w.block(t, w.transfer(people[4], people[4], all))
	if got := w.account(people[4].address()).Balance; got != all {
		t.Fatalf("sending oneself everything left %d, want all but the fee, %d", got, all)
	}
}

func TestHoleNegativeOrFractionalAmounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.transfer(people[4], people[5], 0x1122334455)
	at := bytes.Index(good, []byte{0x1b, 0, 0, 0, 0x11, 0x22, 0x33, 0x44, 0x55})
	if at < 0 {
		t.Fatal("the amount is not where this test looks for it")
	}
	for name, other := range map[string][]byte{
		"minus one": {0x20}, "a large negative number": {0x3b, 0, 0, 0, 0x11, 0x22, 0x33, 0x44, 0x55},
		"one and a half": {0xf9, 0x3e, 0x00}, "one as a float": {0xf9, 0x3c, 0x00}, "not a number": {0xf9, 0x7e, 0x00},
		"a number as text": {0x61, '1'}, "a big number": {0xc2, 0x49, 1, 0, 0, 0, 0, 0, 0, 0, 0}, "nothing": {0xf6},
	} {
		raw := slices.Concat(good[:at], other, good[at+9:])
		if _, err := w.apply(w.input(raw)); !errors.Is(err, chain.ErrEncoding) {
			t.Errorf("%s: got %v, want %v", name, err, chain.ErrEncoding)
		}
	}
	_, err := w.apply(w.input(w.transfer(people[4], people[5], 0)))
	wantError(t, err, "amount is 0")
	_, err = w.apply(w.input(w.sign(people[4], chain.Tx{Kind: chain.TxTransfer, To: people[5].address(), Amount: math.MaxUint64, Fee: 1000})))
	wantError(t, err, "above the largest supply")
	for _, s := range []string{"-1", "1.5", "1e3", `"1"`, "18446744073709551616"} {
		var tx chain.Tx
		if err := json.Unmarshal([]byte(`{"amount":`+s+`}`), &tx); err == nil {
			t.Errorf("amount %s is read as %d", s, tx.Amount)
		}
		if _, err := chain.ParsePOS(s); s != "1.5" && err == nil {
			t.Errorf("%q is read as an amount", s)
		}
	}
}

func TestHoleTransactionsInABlockNotSignatureChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := chain.Tx{Kind: chain.TxTransfer, From: people[4].address(), To: people[5].address(), Nonce: 1, Amount: 1, Fee: 1000}
	for name, sig := range map[string]chain.Signature{
		"no signature": {}, "the sign-everything signature": anySigned,
		"the receiver's":  people[5].account.Sign(chain.TxMessage(w.hash, &body)),
		"another network": people[4].account.Sign(chain.TxMessage(chain.Sum([]byte("other")), &body)),
		"a bare hash":     people[4].account.Sign(chain.Encode(&body)),
	} {
		t.Run(name, func(t *testing.T) {
			w.refused(t, chain.RefusedSignature, chain.Encode(&chain.SignedTx{Tx: body, Signature: sig}))
		})
	}
	// What was checked at admission is not checked again, and nothing else passes by it.
	good, bad := w.transfer(people[4], people[5], 1), w.transfer(people[6], people[5], 1)
	bad[len(bad)-1] ^= 1
	in := w.input(good, bad)
	in.Opened = func(raw []byte) (*chain.SignedTx, chain.Hash, bool) {
		tx, err := chain.DecodeTx(raw)
		if err != nil || !bytes.Equal(raw, good) {
			return nil, chain.Hash{}, false
		}
		return tx, tx.Tx.ID(), true
	}
	_, err := w.apply(in)
	wantError(t, err, "transaction 1: the signature is not of")
}

func TestHoleTamperedTransaction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.sign(people[4], chain.Tx{Kind: chain.TxTransfer, To: people[5].address(), Amount: 77, Memo: []byte("rent"), ValidUntil: 5})
	// No single bit of a signed transaction can be changed.
	for i := range good {
		for bit := range 8 {
			raw := bytes.Clone(good)
			raw[i] ^= 1 << bit
			if _, err := w.apply(w.input(raw)); err == nil {
				t.Fatalf("with bit %d of byte %d changed it is still accepted", bit, i)
			}
		}
	}
}

func TestHoleSameBlockExecutedTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := w.input(w.transfer(people[4], people[5], pos))
	out, err := w.apply(in)
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.apply(in) // before it is decided: nothing was written, the outcome is the same
	if err != nil || again.State != out.State || again.Results != out.Results {
		t.Fatalf("executing a block twice gives other roots: %v", err)
	}
	w.store(out)
	if _, err := w.apply(in); err == nil {
		t.Fatal("a decided block is executed a second time")
	}
	in.Height++
	_, err = w.apply(in)
	wantError(t, err, "the next of")
}

func TestHoleWrongBlockCountAccepted(t *testing.T) {
	t.Parallel()
	p := chain.DefaultParams()
	p.MinTxs, p.MaxTxs, p.MaxIdle = 2, 2, 0 // as in the original
	for name, c := range map[string]struct {
		txs  int
		h    chain.Header
		good bool
	}{
		"none":                      {0, chain.Header{Height: 1, Time: 20}, false},
		"one":                       {1, chain.Header{Height: 2, Time: 20}, false},
		"one in a later round":      {1, chain.Header{Height: 2, Time: 20, Round: 7}, false},
		"two":                       {2, chain.Header{Height: 2, Time: 20}, true},
		"three":                     {3, chain.Header{Height: 2, Time: 20}, false},
		"two, after a long time":    {2, chain.Header{Height: 2, Time: 1 << 40}, true},
		"two, at the parent's time": {2, chain.Header{Height: 2, Time: 10}, false},
	} {
		if err := Due(&p, &c.h, c.txs, 0, 10, false); (err == nil) != c.good {
			t.Errorf("a block of %s: %v", name, err)
		}
	}
}

func TestHoleGarbageReceiver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.apply(w.input(w.sign(people[4], chain.Tx{Kind: chain.TxTransfer, Amount: 1})))
	wantError(t, err, "to is missing")
	// Of all 32-byte strings only usable keys can receive.
	for i := range byte(64) {
		to := chain.Address(chain.Sum([]byte{i}))
		_, err := w.apply(w.input(w.sign(people[4], chain.Tx{Kind: chain.TxTransfer, To: to, Amount: 1})))
		var r *chain.Refusal
		if err != nil && (!errors.As(err, &r) || r.Code != chain.RefusedBadKey) {
			t.Fatalf("receiver %s: %v", to, err)
		}
	}
}

func TestHoleForgerGrindsTheSeed(t *testing.T) {
	t.Parallel()
	// The content of a block moves the state and never the seed, which the caller
	// gives: it comes of the header's round and VRF proof alone.
	w := newWorld(t)
	in := w.input()
	other := w.input(w.transfer(people[4], people[5], 1))
	other.Time += 17
	a, err := w.apply(in)
	if err != nil {
		t.Fatal(err)
	}
	b, err := w.apply(other)
	if err != nil {
		t.Fatal(err)
	}
	if a.System.Seed != b.System.Seed || a.State == b.State {
		t.Fatalf("seeds %s and %s, states %s and %s", a.System.Seed.Short(), b.System.Seed.Short(), a.State.Short(), b.State.Short())
	}
}

// The idling rule of chains that do beat without transactions.
func TestDueBlocks(t *testing.T) {
	t.Parallel()
	p := chain.DefaultParams()
	p.MinTxs, p.MaxIdle = 3, 1000
	for name, c := range map[string]struct {
		txs, evidence int
		pending       bool
		h             chain.Header
		good          bool
	}{
		"transactions enough":         {3, 0, false, chain.Header{Height: 9, Time: 101}, true},
		"too few, too early":          {2, 0, false, chain.Header{Height: 9, Time: 1099}, false},
		"too few, idle long enough":   {2, 0, false, chain.Header{Height: 9, Time: 1100}, true},
		"empty, idle long enough":     {0, 0, false, chain.Header{Height: 9, Time: 1100}, true},
		"the first block, at once":    {0, 0, false, chain.Header{Height: 1, Time: 101}, true},
		"evidence":                    {0, 1, false, chain.Header{Height: 9, Time: 101}, true},
		"a pending change of the set": {0, 0, true, chain.Header{Height: 9, Time: 101}, true},
		"a later round":               {0, 0, false, chain.Header{Height: 9, Time: 101, Round: 1}, true},
		"not after its parent":        {3, 0, false, chain.Header{Height: 9, Time: 100}, false},
		"more than the most":          {5001, 0, false, chain.Header{Height: 9, Time: 101}, false},
	} {
		if err := Due(&p, &c.h, c.txs, c.evidence, 100, c.pending); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
	p.MaxIdle = 0
	if err := Due(&p, &chain.Header{Height: 9, Time: 1 << 40, Round: 3}, 0, 1, 100, true); err == nil {
		t.Error("with maxIdle 0 only transactions make a block")
	}
}

func TestRootsOfAnotherExecutionAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out := w.block(t, w.transfer(people[4], people[5], 1))
	good := chain.Header{Height: 1, State: out.State, Results: out.Results, NextSet: out.Next.Hash()}
	if err := CheckRoots(&good, out); err != nil {
		t.Fatal(err)
	}
	for why, change := range map[string]func(h *chain.Header){
		"state root": func(h *chain.Header) { h.State[0] ^= 1 }, "results root": func(h *chain.Header) { h.Results[0] ^= 1 }, "next set": func(h *chain.Header) { h.NextSet[0] ^= 1 },
	} {
		h := good
		change(&h)
		wantError(t, CheckRoots(&h, out), why)
	}
}

func TestMissingStateIsReportedAsDamage(t *testing.T) {
	t.Parallel()
	for _, key := range [][]byte{SystemKey(), ParamsKey(), SetsKey()} {
		w := newWorld(t)
		delete(w.values, string(key))
		_, err := w.apply(w.input())
		wantError(t, err, "damaged")
		w = newWorld(t)
		w.values[string(key)] = []byte{0xff}
		if _, err := w.apply(w.input()); !errors.Is(err, chain.ErrEncoding) {
			t.Errorf("state value %q is damaged: %v", key, err)
		}
	}
}
