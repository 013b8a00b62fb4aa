package ledger

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/posnet/posnet/node/chain"
)

// model is the ledger in the plainest words: what each person has, in numbers
// that cannot overflow.
type model struct {
	balance, nonce, bonded, shares map[int]*big.Int
	validator, jailed              map[int]bool
	minted, burnt                  *big.Int
}

func num(v uint64) *big.Int { return new(big.Int).SetUint64(v) }

func newModel(g *chain.Genesis) *model {
	m := &model{map[int]*big.Int{}, map[int]*big.Int{}, map[int]*big.Int{}, map[int]*big.Int{}, map[int]bool{}, map[int]bool{}, num(0), num(0)}
	for i := range people {
		m.balance[i], m.nonce[i], m.bonded[i], m.shares[i] = num(g.Accounts[i].Balance), num(0), num(0), num(0)
	}
	for i := range g.Validators {
		m.validator[i] = true
	}
	for i, b := range g.Bonds {
		m.bonded[i], m.shares[i] = num(b.Amount), num(b.Amount)
	}
	return m
}

// supply is what everything adds up to.
func (m *model) supply() *big.Int {
	sum := num(0)
	for i := range people {
		sum.Add(sum, m.balance[i]).Add(sum, m.bonded[i])
	}
	return sum
}

// try says whether a transaction applies, and applies it.
func (m *model) try(kind chain.TxKind, from, to int, amount, fee uint64, minFee uint64) (chain.RefusalCode, bool) {
	cost := new(big.Int).Add(num(amount), num(fee))
	switch {
	case fee < minFee:
		return chain.RefusedFee, false
	case m.balance[from].Cmp(cost) < 0:
		return chain.RefusedBalance, false
	case kind == chain.TxStake && !m.validator[to]:
		return chain.RefusedNotValidator, false
	case kind == chain.TxRegister && m.validator[from]:
		return chain.RefusedRegistered, false
	}
	shares := num(amount)
	if kind == chain.TxStake && m.shares[to].Sign() > 0 {
		if m.bonded[to].Sign() == 0 {
			return chain.RefusedNotValidator, false
		}
		shares.Mul(shares, m.shares[to]).Div(shares, m.bonded[to])
	}
	m.balance[from].Sub(m.balance[from], cost)
	m.nonce[from].Add(m.nonce[from], num(1))
	switch kind {
	case chain.TxTransfer:
		m.balance[to].Add(m.balance[to], num(amount))
	case chain.TxStake:
		m.bonded[to].Add(m.bonded[to], num(amount))
		m.shares[to].Add(m.shares[to], shares)
	case chain.TxRegister:
		m.validator[from] = true
	}
	return "", true
}

func TestLedgerDoesWhatThePlainModelDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		minFee := rapid.SampledFrom([]uint64{0, 1, 1000}).Draw(t, "minFee")
		w := newWorld(t, func(g *chain.Genesis) {
			g.Params.MinFee = minFee
			g.Params.BlockReward = rapid.SampledFrom([]uint64{0, 1, 999}).Draw(t, "reward")
			g.Params.SlashPermille = rapid.SampledFrom([]uint64{0, 50, 999, 1000}).Draw(t, "slash")
		})
		m, start := newModel(w.genesis), w.system.Supply
		for range rapid.IntRange(1, 6).Draw(t, "blocks") {
			modelBlock(t, w, m, minFee)
			compare(t, w, m, start)
		}
	})
}

func modelBlock(t *rapid.T, w *world, m *model, minFee uint64) {
	person := rapid.IntRange(0, len(people)-1)
	in := w.input()
	if guilty := rapid.IntRange(0, 12).Draw(t, "guilty"); guilty == 1 || guilty == 2 {
		e := w.contradiction(people[guilty], in.Height)
		in.Evidence = [][]byte{chain.Encode(e)}
		if _, err := w.apply(in); (err == nil) == m.jailed[guilty] {
			t.Fatalf("evidence against a validator that is jailed (%v): %v", m.jailed[guilty], err)
		}
		if m.jailed[guilty] {
			in.Evidence = nil
		} else {
			burnt := new(big.Int).Mul(m.bonded[guilty], num(w.genesis.Params.SlashPermille))
			burnt.Div(burnt, num(1000))
			m.bonded[guilty].Sub(m.bonded[guilty], burnt)
			m.burnt.Add(m.burnt, burnt)
			m.jailed[guilty] = true
		}
	}
	fees := num(0)
	for range rapid.IntRange(0, 5).Draw(t, "transactions") {
		from, to := person.Draw(t, "from"), person.Draw(t, "to")
		kind := rapid.SampledFrom([]chain.TxKind{chain.TxTransfer, chain.TxTransfer, chain.TxStake, chain.TxRegister}).Draw(t, "kind")
		amount := rapid.OneOf(rapid.Uint64Range(1, 10), rapid.Uint64Range(1, 1200*pos), rapid.Just(chain.MaxSupply)).Draw(t, "amount")
		fee := rapid.SampledFrom([]uint64{minFee, minFee + 1, 5 * pos, max(minFee, 1) - 1}).Draw(t, "fee")
		body := chain.Tx{Kind: kind, From: people[from].address(), Nonce: m.nonce[from].Uint64() + 1, To: people[to].address(), Amount: amount, Fee: fee}
		if kind == chain.TxRegister {
			body.To, body.Amount, amount = body.From, 0, 0
			body.Payload = chain.Encode(people[from].registration(w.hash))
		}
		raw := chain.Encode(&chain.SignedTx{Tx: body, Signature: people[from].account.Sign(chain.TxMessage(w.hash, &body))})
		code, ok := m.try(kind, from, to, amount, fee, minFee)
		with := in
		with.Txs = append(append([][]byte(nil), in.Txs...), raw)
		_, err := w.apply(with)
		if (err == nil) != ok {
			t.Fatalf("%s of %d: applies %v (%v), by the model %v %s", kind, amount, err == nil, err, ok, code)
		}
		if ok {
			in.Txs = with.Txs
			fees.Add(fees, num(fee))
		}
	}
	out, err := w.apply(in)
	if err != nil {
		t.Fatalf("a block of valid transactions: %v", err)
	}
	w.store(out)
	m.minted.Add(m.minted, num(w.genesis.Params.BlockReward))
	m.balance[0].Add(m.balance[0], fees).Add(m.balance[0], num(w.genesis.Params.BlockReward))
}

// compare looks at every value of the state. Supply is conserved exactly.
func compare(t *rapid.T, w *world, m *model, start uint64) {
	for i, p := range people {
		acc, v := w.account(p.address()), w.validator(p.address())
		if num(acc.Balance).Cmp(m.balance[i]) != 0 || num(acc.Nonce).Cmp(m.nonce[i]) != 0 {
			t.Fatalf("account %d is %+v, by the model balance %v nonce %v", i, acc, m.balance[i], m.nonce[i])
		}
		if num(v.Bonded).Cmp(m.bonded[i]) != 0 || num(v.Shares).Cmp(m.shares[i]) != 0 || (v.JailedAt != 0) != m.jailed[i] {
			t.Fatalf("validator %d is %+v, by the model %v bonded as %v shares", i, v, m.bonded[i], m.shares[i])
		}
	}
	want := new(big.Int).Add(num(start), m.minted)
	want.Sub(want, m.burnt)
	if num(w.system.Supply).Cmp(want) != 0 || m.supply().Cmp(want) != 0 || num(w.total(t)).Cmp(want) != 0 {
		t.Fatalf("supply %d, in the state %d, in the model %v; started with %d, minted %v, burnt %v", w.system.Supply, w.total(t), m.supply(), start, m.minted, m.burnt)
	}
	if w.root != w.naiveRoot() {
		t.Fatalf("state root %s, over all values by definition %s", w.root, w.naiveRoot())
	}
}
