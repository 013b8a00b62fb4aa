package mempool

import "github.com/posnet/posnet/node/chain"

// crowded reports whether there is no room for bytes more. One part in reserve of the room is taken for full; 0 means none.
func (p *Pool) crowded(bytes, reserve int) bool {
	mostTxs, mostBytes := p.cfg.MaxTxs, p.cfg.MaxBytes
	if reserve > 0 {
		mostTxs, mostBytes = mostTxs-mostTxs/reserve, mostBytes-mostBytes/reserve
	}
	return len(p.byID) >= mostTxs || p.bytes+bytes > mostBytes
}

// refuseFull refuses, before its signature is looked at, what makeRoom would not make room for.
func (p *Pool) refuseFull(tx *Tx, reserve int) error {
	if !p.crowded(len(tx.Raw), reserve) || !p.ordered { // without their order the admission will see
		return nil
	}
	if p.tails.len() > 0 {
		worst := p.tails.first()
		replaces := p.accounts[tx.Body.From] != nil // perhaps one of its own, which needs no room
		if replaces || worst.ready < len(worst.txs) || tx.Body.Fee > worst.tail().Body.Fee {
			return nil
		}
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
