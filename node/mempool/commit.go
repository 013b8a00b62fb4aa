package mempool

import (
	"errors"

	"github.com/posnet/posnet/node/chain"
)

// Committed tells the pool that the block of height is decided and in the state: ids are its transactions, and touched
// the accounts whose balance or nonce it changed (repetitions do no harm; at least all senders and receivers). The
// block's transactions leave; what waits of the touched accounts is held against the new state; what was valid only
// until height leaves too. Accounts that were not touched are not looked at.
//
// An error is a failure of the store; the pool stays consistent, and calling again with the same arguments is right.
func (p *Pool) Committed(height uint64, ids []chain.Hash, touched []chain.Address) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.ready
	p.height = max(p.height, height)
	var look []*account
	visit := func(a *account) {
		if a != nil && !a.looked {
			a.looked = true
			look = append(look, a)
		}
	}
	for _, id := range ids {
		if tx := p.byID[id]; tx != nil {
			tx.gone = true
			visit(tx.home)
		}
	}
	for _, addr := range touched {
		visit(p.accounts[addr])
	}
	var errs []error
	for _, a := range look {
		a.looked = false
		errs = append(errs, p.refresh(a, true))
	}
	for p.expiring.len() > 0 && p.expiring.first().Body.ValidUntil <= p.height {
		tx := p.expiring.first()
		p.drop(tx)
		p.tell(tx, chain.RefusedExpired)
	}
	p.relax()
	if p.ready != before {
		p.notify()
	}
	return errors.Join(errs...)
}

// Remove drops transactions that a block's execution refused, for the reason it gave, and returns how many were there.
// Later ones of the same accounts stay, queued behind the gap.
func (p *Pool) Remove(why chain.RefusalCode, ids ...chain.Hash) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, id := range ids {
		if tx := p.byID[id]; tx != nil {
			p.drop(tx)
			p.tell(tx, why)
			n++
		}
	}
	if n > 0 {
		p.notify()
	}
	return n
}
