package mempool_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/mempool"
)

var genesis = chain.Sum([]byte("a network for tests"))

// user is an account with its key.
type user struct {
	key  keys.PrivateKey
	addr chain.Address
}

func newUser(n uint64) user {
	var seed [keys.SeedSize]byte
	binary.BigEndian.PutUint64(seed[:], n)
	key := keys.FromSeed(seed)
	return user{key, key.Public()}
}

// ledger is a model of the decided state: balances, nonces and transfers.
type ledger struct {
	balance, nonce map[chain.Address]uint64
	broken         error
}

func newLedger() *ledger {
	return &ledger{balance: map[chain.Address]uint64{}, nonce: map[chain.Address]uint64{}}
}

func (l *ledger) Account(a chain.Address) (balance, nonce uint64, err error) {
	return l.balance[a], l.nonce[a], l.broken
}

func (l *ledger) clone() *ledger {
	c := newLedger()
	for a, v := range l.balance {
		c.balance[a] = v
	}
	for a, v := range l.nonce {
		c.nonce[a] = v
	}
	return c
}

// apply executes a transfer, or says what is wrong with it.
func (l *ledger) apply(tx *chain.Tx) error {
	if tx.Nonce != l.nonce[tx.From]+1 {
		return errors.New("nonce is not next")
	}
	if l.balance[tx.From] < tx.Amount+tx.Fee {
		return errors.New("balance is short")
	}
	l.nonce[tx.From]++
	l.balance[tx.From] -= tx.Amount + tx.Fee
	l.balance[tx.To] += tx.Amount
	return nil
}

func params() chain.Params {
	p := chain.DefaultParams()
	p.MinFee = 10
	return p
}

func newPool(t testing.TB, state mempool.StateReader, change func(*mempool.Config)) *mempool.Pool {
	t.Helper()
	cfg := mempool.Config{Genesis: genesis, Params: params(), State: state}
	if change != nil {
		change(&cfg)
	}
	p, err := mempool.New(cfg)
	if err != nil {
		t.Fatalf("make pool: %v", err)
	}
	return p
}

// transfer is a valid body; the tests bend it.
func transfer(from, to user, nonce, amount, fee uint64) chain.Tx {
	return chain.Tx{Kind: chain.TxTransfer, From: from.addr, Nonce: nonce, To: to.addr, Amount: amount, Fee: fee}
}

func (u user) sign(tx chain.Tx) []byte { return u.signFor(genesis, tx) }

func (u user) signFor(genesis chain.Hash, tx chain.Tx) []byte {
	return chain.Encode(&chain.SignedTx{Tx: tx, Signature: u.key.Sign(chain.TxMessage(genesis, &tx))})
}

func mustAdd(t testing.TB, p *mempool.Pool, raw []byte) *mempool.Tx {
	t.Helper()
	tx, err := p.Add(raw)
	if err != nil {
		t.Fatalf("add: %v", err)
	}
	return tx
}

// refused fails unless err is a refusal with this code and a message.
func refused(t testing.TB, err error, want chain.RefusalCode) {
	t.Helper()
	var r *chain.Refusal
	if !errors.As(err, &r) {
		t.Fatalf("want refusal %s, got error %v", want, err)
	}
	if r.Code != want || r.Message == "" {
		t.Fatalf("want refusal %s, got %s: %q", want, r.Code, r.Message)
	}
}

func nonces(txs []*mempool.Tx) []uint64 {
	out := []uint64{}
	for _, tx := range txs {
		out = append(out, tx.Body.Nonce)
	}
	return out
}

// opened reports whether the pool says that it knows these bytes. What it then gives must be what they say.
func opened(t interface{ Errorf(string, ...any) }, p *mempool.Pool, raw []byte) bool {
	tx, id, ok := p.Opened(raw)
	if ok && (id != tx.Tx.ID() || string(chain.Encode(tx)) != string(raw)) {
		t.Errorf("the pool gives another transaction for %x", raw)
	}
	return ok
}
