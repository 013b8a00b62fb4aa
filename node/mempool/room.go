package mempool

import "github.com/posnet/posnet/node/chain"

// crowded reports whether there is no room for bytes more. One part in reserve of the room is kept; 0 means none.
func (p *Pool) crowded(bytes, reserve int) bool {
	return len(p.byID) >= p.cfg.MaxTxs || p.bytes+bytes > p.cfg.MaxBytes || p.reserved(bytes, reserve)
}

// reserved reports whether executable transactions leave no room for bytes more but what is kept. What waits behind a gap does
// not count: it makes room for them once all is full, and would otherwise keep them out for as long as it waits.
func (p *Pool) reserved(bytes, reserve int) bool {
	if reserve == 0 || p.ready == 0 {
		return false
	}
	executable := p.bytes / len(p.byID) * p.ready // bytes, as if all were of one size
	return p.ready >= p.cfg.MaxTxs-p.cfg.MaxTxs/reserve || executable+bytes > p.cfg.MaxBytes-p.cfg.MaxBytes/reserve
}

// refuseFull refuses what makeRoom would not make room for, and what would take the reserve and pays no more than others do.
// It is asked before the signature is looked at.
func (p *Pool) refuseFull(tx *Tx, reserve int) error {
	if !p.crowded(len(tx.Raw), reserve) || !p.ordered || p.tails.len() == 0 { // without their order the admission will see
		return nil
	}
	if a := p.accounts[tx.Body.From]; a != nil {
		if _, replaces := a.find(tx.Body.Nonce); replaces { // which needs no room
			return nil
		}
	}
	worst, least := p.tails.first(), p.cfg.Params.MinFee
	switch gap := worst.ready < len(worst.txs); {
	case gap && !p.reserved(len(tx.Raw), reserve): // what is behind it makes room
		return nil
	case !gap: // else it says nothing of what the executable ones pay
		least = worst.tail().Body.Fee
	}
	if tx.Body.Fee > least {
		return nil
	}
	return chain.Refuse(chain.RefusedPoolFull, "too many transactions are waiting: send it again later, or with a fee above %s POS",
		chain.FormatPOS(tx.Body.Fee))
}

// makeRoom drops what is worst until tx, of account a, fits. If that is not worth it, nothing is dropped and tx is
// refused.
func (p *Pool) makeRoom(tx *Tx, a *account) error {
	if p.fits(tx) {
		return nil
	}
	var victims []*Tx
	price := uint64(0) // fees of the executable victims
	for ok := p.readyWith(tx, a); ok && !p.fits(tx); {
		worst := p.worst()
		if worst == nil || worst == a {
			// a's own last transaction: dropping it for another of a's is no gain, and may cut tx off.
			break
		}
		victim := worst.tail()
		if worst.ready == len(worst.txs) {
			price += victim.Body.Fee // cannot overflow: it stops growing once it reaches tx's fee
			ok = tx.Body.Fee > price
		}
		if ok {
			victims = append(victims, victim)
			p.drop(victim)
		}
	}
	if !p.fits(tx) {
		for i := len(victims) - 1; i >= 0; i-- {
			p.put(victims[i].home, victims[i])
		}
		if !p.readyWith(tx, a) {
			return chain.Refuse(chain.RefusedPoolFull, "too many transactions are waiting: send this one after those of the account that come before it")
		}
		return chain.Refuse(chain.RefusedPoolFull, "too many transactions are waiting: send it again later, or with a fee above %s POS",
			chain.FormatPOS(max(price, tx.Body.Fee)))
	}
	for _, v := range victims {
		p.tell(v, chain.RefusedPoolFull)
	}
	return nil
}

func (p *Pool) fits(tx *Tx) bool {
	return len(p.byID) < p.cfg.MaxTxs && p.bytes+len(tx.Raw) <= p.cfg.MaxBytes
}

// readyWith reports whether tx, not yet in a, would be executable there.
func (p *Pool) readyWith(tx *Tx, a *account) bool {
	i, _ := a.find(tx.Body.Nonce)
	return tx.Body.Nonce == a.nonce+1+uint64(i)
}
