package mempool

import (
	"slices"

	"github.com/posnet/posnet/node/chain"
)

// account is what waits of one sender. An account with nothing waiting is not kept.
type account struct {
	addr    chain.Address
	balance uint64 // decided, as of the last look
	nonce   uint64 // decided, as of the last look
	txs     []*Tx  // ascending by nonce, all above nonce
	ready   int    // how many of them follow nonce without a gap
	cost    uint64 // of all of them; never above balance
	at      int    // position in Pool.tails, -1 when not there
	looked  bool   // Committed is about to look at it
}

func (a *account) tail() *Tx { return a.txs[len(a.txs)-1] }

// find returns where a transaction of this nonce is, or would be.
func (a *account) find(nonce uint64) (i int, there bool) {
	return slices.BinarySearchFunc(a.txs, nonce, func(t *Tx, n uint64) int {
		switch {
		case t.Body.Nonce < n:
			return -1
		case t.Body.Nonce > n:
			return 1
		}
		return 0
	})
}

// worseTail orders accounts by whose last transaction goes first when room is needed.
func worseTail(a, b *account) bool {
	aQueued, bQueued := a.ready < len(a.txs), b.ready < len(b.txs)
	x, y := a.tail(), b.tail()
	switch {
	case aQueued != bQueued:
		return aQueued
	case x.Body.Fee != y.Body.Fee:
		return x.Body.Fee < y.Body.Fee
	}
	return x.Seq > y.Seq
}

// put adds tx to its account and to every index.
func (p *Pool) put(a *account, tx *Tx) {
	i, _ := a.find(tx.Body.Nonce)
	a.txs = slices.Insert(a.txs, i, tx)
	a.cost += tx.Cost()
	tx.home, tx.due = a, -1
	p.byID[tx.ID] = tx
	p.bytes += len(tx.Raw)
	if tx.Body.ValidUntil != 0 {
		p.expiring.push(tx)
	}
	p.accounts[a.addr] = a
	p.settle(a)
}

// drop takes tx out of its account and of every index.
func (p *Pool) drop(tx *Tx) {
	a := tx.home
	i, _ := a.find(tx.Body.Nonce)
	a.txs = slices.Delete(a.txs, i, i+1)
	p.forget(tx)
	p.settle(a)
}

// forget takes tx, no longer in its account's list, out of every index.
func (p *Pool) forget(tx *Tx) {
	tx.home.cost -= tx.Cost()
	delete(p.byID, tx.ID)
	p.bytes -= len(tx.Raw)
	if tx.due >= 0 {
		p.expiring.take(tx.due)
	}
}

// settle brings the counts and the order of tails up to date after a's list or nonce changed.
func (p *Pool) settle(a *account) {
	p.ready -= a.ready
	a.ready = 0
	for a.ready < len(a.txs) && a.txs[a.ready].Body.Nonce == a.nonce+1+uint64(a.ready) {
		a.ready++
	}
	p.ready += a.ready
	if len(a.txs) == 0 {
		delete(p.accounts, a.addr)
	}
	switch {
	case !p.ordered:
	case len(a.txs) == 0 && a.at >= 0:
		p.tails.take(a.at)
	case len(a.txs) == 0:
	case a.at < 0:
		p.tails.push(a)
	default:
		p.tails.fix(a.at)
	}
}

// worst returns the account whose last transaction goes first when room is needed, nil if nothing waits. Their order is
// made when it is asked for, and kept until three quarters of the pool are empty: most pools are never full.
func (p *Pool) worst() *account {
	if !p.ordered {
		p.ordered = true
		for _, a := range p.accounts { // the order is total, so the map's does not matter
			p.tails.push(a)
		}
	}
	if p.tails.len() == 0 {
		return nil
	}
	return p.tails.first()
}

// relax forgets the order of tails where it is not needed for some time.
func (p *Pool) relax() {
	if !p.ordered || 4*len(p.byID) > p.cfg.MaxTxs || 4*p.bytes > p.cfg.MaxBytes {
		return
	}
	p.ordered = false
	for _, a := range p.tails.items {
		a.at = -1
	}
	p.tails.items = nil
}

// refresh reads a's decided state and drops what it no longer allows: used nonces, those in gone, and, in order of
// nonce, everything from the first that cannot be paid. block says that a block makes us look, whose transactions are
// marked as gone.
func (p *Pool) refresh(a *account, block bool) error {
	balance, nonce, err := p.cfg.State.Account(a.addr)
	if err != nil {
		return stateError(a.addr, err)
	}
	a.balance, a.nonce = balance, nonce
	left, short := uint64(0), false
	kept := a.txs[:0]
	for _, tx := range a.txs {
		switch {
		case tx.gone:
			p.forget(tx)
		case tx.Body.Nonce <= nonce && !block:
			p.forget(tx) // most likely by the very block whose Committed is about to come: not lost
		case tx.Body.Nonce <= nonce:
			p.lose(tx, chain.RefusedNonceUsed)
		case tx.Body.Fee < p.cfg.Params.MinFee:
			p.lose(tx, chain.RefusedFee)
		case short || left+tx.Cost() > balance:
			short = true
			p.lose(tx, chain.RefusedBalance)
		default:
			left += tx.Cost()
			kept = append(kept, tx)
		}
	}
	clear(a.txs[len(kept):])
	a.txs = kept
	p.settle(a)
	return nil
}

// lose is forget for a transaction that did not make it into a block.
func (p *Pool) lose(tx *Tx, why chain.RefusalCode) {
	p.forget(tx)
	p.tell(tx, why)
}

func (p *Pool) tell(tx *Tx, why chain.RefusalCode) {
	p.dropped++
	if p.cfg.OnDrop != nil {
		p.cfg.OnDrop(tx, why)
	}
}
