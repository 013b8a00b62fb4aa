package sim

import (
	"math/big"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/replica"
)

// books: a second set of books, kept naively with big integers from the blocks
// alone. Balances, nonces, bonds and the supply of every node must be those.
type books struct {
	Watching
	height   uint64
	balances map[chain.Address]*big.Int
	nonces   map[chain.Address]uint64
	bonded   map[chain.Address]*big.Int // by validator
	supply   *big.Int
	params   chain.Params
	jailed   map[chain.Address]bool
}

func newBooks(*World) *books { return &books{} }

func (b *books) open(w *World) {
	b.balances, b.bonded = map[chain.Address]*big.Int{}, map[chain.Address]*big.Int{}
	b.nonces, b.jailed, b.supply = map[chain.Address]uint64{}, map[chain.Address]bool{}, new(big.Int)
	b.params = w.genesis.Params
	for _, a := range w.genesis.Accounts {
		add(b.balances, a.Address, a.Balance)
		b.supply.Add(b.supply, number(a.Balance))
	}
	for _, g := range w.genesis.Bonds {
		add(b.bonded, g.Validator, g.Amount)
		b.supply.Add(b.supply, number(g.Amount))
	}
}

func number(n uint64) *big.Int { return new(big.Int).SetUint64(n) }

func add(m map[chain.Address]*big.Int, a chain.Address, n uint64) {
	if m[a] == nil {
		m[a] = new(big.Int)
	}
	m[a].Add(m[a], number(n))
}

func (b *books) Decided(n *Node, d replica.Decision) {
	if n.byzantine || n.twinOf != nil {
		return
	}
	h := &d.Block.Header
	if b.balances == nil {
		b.open(n.World)
	}
	if h.Height == b.height+1 {
		b.enter(n, d)
	}
	if h.Height == b.height {
		b.compare(n, d)
	}
}

// enter books a block.
func (b *books) enter(n *Node, d replica.Decision) {
	h := &d.Block.Header
	b.height++
	for _, raw := range d.Block.Evidence {
		e, err := chain.DecodeEvidence(raw)
		if err != nil {
			n.Violate("books: height %d has evidence nobody can read: %v", h.Height, err)
			return
		}
		if b.jailed[e.Validator] {
			n.Violate("books: %s was punished twice, at height %d again", e.Validator, h.Height)
		}
		b.jailed[e.Validator] = true
		burnt := new(big.Int).Mul(b.bonded[e.Validator], number(b.params.SlashPermille))
		burnt.Div(burnt, number(1000))
		b.bonded[e.Validator].Sub(b.bonded[e.Validator], burnt)
		b.supply.Sub(b.supply, burnt)
	}
	for _, raw := range d.Block.Txs {
		tx, err := chain.DecodeTx(raw)
		if err != nil {
			n.Violate("books: height %d has a transaction nobody can read: %v", h.Height, err)
			return
		}
		t := &tx.Tx
		if t.Nonce != b.nonces[t.From]+1 {
			n.Violate("books: height %d takes nonce %d of %s after %d", h.Height, t.Nonce, t.From, b.nonces[t.From])
		}
		b.nonces[t.From] = t.Nonce
		add(b.balances, t.From, 0)
		b.balances[t.From].Sub(b.balances[t.From], new(big.Int).Add(number(t.Amount), number(t.Fee)))
		if b.balances[t.From].Sign() < 0 {
			n.Violate("books: height %d leaves %s with a negative balance", h.Height, t.From)
		}
		switch t.Kind {
		case chain.TxTransfer:
			add(b.balances, t.To, t.Amount)
		case chain.TxStake:
			add(b.bonded, t.To, t.Amount)
		}
		add(b.balances, h.Forger, t.Fee)
	}
	room := new(big.Int).Sub(number(chain.MaxSupply), b.supply)
	mint := number(b.params.BlockReward)
	if mint.Cmp(room) > 0 {
		mint = room
	}
	b.supply.Add(b.supply, mint)
	add(b.balances, h.Forger, mint.Uint64())
}

// compare sees that a node's state after a block is that of the books, where
// the block changed it.
func (b *books) compare(n *Node, d replica.Decision) {
	height := d.Block.Header.Height
	if d.Outcome.System.Supply != b.supply.Uint64() {
		n.Violate("books: the supply is %d on %s at height %d, by the books it is %s", d.Outcome.System.Supply, n.Name, height, b.supply)
	}
	for _, kv := range d.Outcome.Changes {
		if len(kv.Key) != 33 || kv.Value == nil {
			continue
		}
		a := chain.Address(kv.Key[1:])
		switch kv.Key[0] {
		case 'a':
			var acc ledger.Account
			if err := chain.Decode(kv.Value, &acc, 1<<10); err != nil {
				n.Violate("books: account %s on %s: %v", a, n.Name, err)
			} else if want := b.balances[a]; want == nil || want.Cmp(number(acc.Balance)) != 0 || acc.Nonce != b.nonces[a] {
				n.Violate("books: %s has %d and nonce %d on %s at height %d, by the books %v and %d", a, acc.Balance, acc.Nonce, n.Name, height, want, b.nonces[a])
			}
		case 'v':
			var v ledger.Validator
			if err := chain.Decode(kv.Value, &v, 1<<10); err != nil {
				n.Violate("books: validator %s on %s: %v", a, n.Name, err)
			} else if want := b.bonded[a]; v.Bonded > 0 && (want == nil || want.Cmp(number(v.Bonded)) != 0) {
				n.Violate("books: %s has %d bonded on %s at height %d, by the books %v", a, v.Bonded, n.Name, height, want)
			}
		}
	}
}

// End compares the whole state on the disk of every honest node that is at the
// books' height.
func (b *books) End(w *World) {
	for _, n := range w.nodes {
		if !n.Up() || !n.counts() || n.durable != b.height || b.height == 0 {
			continue
		}
		sum := new(big.Int)
		read := func(raw []byte, v any) {
			if err := chain.Decode(raw, v, 1<<20); err != nil {
				w.Violate("books: the state of %s: %v", n.Name, err)
			}
		}
		err := n.store.ScanState([]byte{'a'}, nil, func(key, value []byte) bool {
			var a ledger.Account
			read(value, &a)
			sum.Add(sum, number(a.Balance))
			if want := b.balances[chain.Address(key[1:])]; want == nil || want.Cmp(number(a.Balance)) != 0 {
				w.Violate("books: an account has %d on the disk of %s, by the books %v", a.Balance, n.Name, want)
			}
			return true
		})
		if err == nil {
			err = n.store.ScanState([]byte{'v'}, nil, func(_, value []byte) bool {
				var v ledger.Validator
				read(value, &v)
				sum.Add(sum, number(v.Bonded))
				return true
			})
		}
		if err != nil || sum.Cmp(b.supply) != 0 {
			w.Violate("books: balances and bonds on the disk of %s add up to %s, not to %s (%v)", n.Name, sum, b.supply, err)
		}
	}
}
