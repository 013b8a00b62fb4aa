package mempool

import (
	"bytes"
	"slices"

	"github.com/posnet/posnet/node/chain"
)

// glance refuses what the pool and the decided state already rule out, before anything costly is done for it: what is there
// already, and what a full pool would not let in. One part in reserve of the room is taken for full; 0 means none.
func (p *Pool) glance(results []Result, reserve int) {
	for some := range slices.Chunk(results, atOnce) {
		p.glanceSome(some, reserve)
	}
}

// atOnce is how many transactions are judged before others, the replica above all, get the lock.
const atOnce = 256

func (p *Pool) glanceSome(results []Result, reserve int) {
	p.readLockOrdered(reserve)
	defer p.mu.RUnlock()
	for i := range results {
		if results[i].Err != nil {
			continue
		}
		if err := p.glanceAt(results[i].Tx, reserve); err != nil {
			results[i].refuse(err)
		}
	}
}

// readLockOrdered takes the lock for reading, with the order of tails if room is short.
func (p *Pool) readLockOrdered(reserve int) {
	p.mu.RLock()
	if p.ordered || !p.crowded(chain.MaxTxBytes, reserve) {
		return
	}
	p.mu.RUnlock()
	p.mu.Lock()
	p.worst()
	p.mu.Unlock()
	p.mu.RLock()
}

func (p *Pool) glanceAt(tx *Tx, reserve int) error {
	if err := p.refusePlain(tx); err != nil {
		return err
	}
	if err := p.refuseFull(tx, reserve); err != nil {
		return err
	}
	balance, nonce, err := p.cfg.State.Account(tx.Body.From)
	if err != nil {
		return stateError(tx.Body.From, err)
	}
	tx.seen.height, tx.seen.balance, tx.seen.nonce = p.height, balance, nonce
	// The account's waiting transactions count only at admission: others of this very call may come before.
	if err := p.refuseAgainst(tx, &account{addr: tx.Body.From, balance: balance, nonce: nonce}); err != nil {
		return err
	}
	return p.ask(tx)
}

// ask asks what else the decided state has against tx.
func (p *Pool) ask(tx *Tx) error {
	if p.cfg.Check == nil {
		return nil
	}
	return p.cfg.Check(tx.Body)
}

// admit puts the verified transactions of results into the pool, those it refuses are replaced by the reason.
func (p *Pool) admit(results []Result, reserve int) {
	for some := range slices.Chunk(results, atOnce) {
		p.admitSome(some, reserve)
	}
}

func (p *Pool) admitSome(results []Result, reserve int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	admitted := false
	for i := range results {
		if results[i].Err != nil {
			continue
		}
		if err := p.enter(results[i].Tx, reserve); err != nil {
			results[i].refuse(err)
			continue
		}
		admitted = true
	}
	if admitted {
		p.notify()
	}
}

// enter is the last, deciding check and the admission.
func (p *Pool) enter(tx *Tx, reserve int) error {
	if err := p.refusePlain(tx); err != nil {
		return err
	}
	if reserve > 0 && p.crowded(len(tx.Raw), reserve) { // others of its batch have come in
		p.worst()
		if err := p.refuseFull(tx, reserve); err != nil {
			return err
		}
	}
	a, err := p.account(tx)
	if err != nil {
		return err
	}
	if err := p.refuseAgainst(tx, a); err != nil {
		return err
	}
	if err := p.ask(tx); err != nil {
		return err
	}
	if i, there := a.find(tx.Body.Nonce); there {
		old := a.txs[i]
		p.drop(old)
		if err := p.makeRoom(tx, a); err != nil {
			p.put(a, old)
			return err
		}
		p.tell(old, chain.RefusedFee)
	} else if err := p.makeRoom(tx, a); err != nil {
		return err
	}
	p.seq++
	tx.Seq, tx.Raw = p.seq, bytes.Clone(tx.Raw) // it may be part of something large
	p.put(a, tx)
	return nil
}

// account returns the account of tx as it is decided now, with what waits of it.
func (p *Pool) account(tx *Tx) (*account, error) {
	addr := tx.Body.From
	a, known := p.accounts[addr]
	if !known {
		a = &account{addr: addr, at: -1}
	}
	balance, nonce, err := tx.seen.balance, tx.seen.nonce, error(nil)
	if known || tx.seen.height != p.height {
		// A block may have been applied since. One whose Committed has not come yet looks at this account then.
		balance, nonce, err = p.cfg.State.Account(addr)
	}
	switch {
	case err != nil:
		return nil, stateError(addr, err)
	case known && (balance != a.balance || nonce != a.nonce):
		// A block was applied and Committed comes only after us: what waits must fit the new state first.
		if err := p.refresh(a, false); err != nil {
			return nil, err
		}
	default:
		a.balance, a.nonce = balance, nonce
	}
	return a, nil
}

// refusePlain refuses what needs no account to see.
func (p *Pool) refusePlain(tx *Tx) error {
	switch body := tx.Body; {
	case p.byID[tx.ID] != nil:
		return chain.Refuse(chain.RefusedDuplicate, "transaction %s is already waiting for a block: no need to send it again", tx.ID)
	case body.Fee < p.cfg.Params.MinFee:
		return chain.Refuse(chain.RefusedFee, "the fee of %s POS is below this network's minimum of %s POS",
			chain.FormatPOS(body.Fee), chain.FormatPOS(p.cfg.Params.MinFee))
	case body.ValidUntil != 0 && body.ValidUntil <= p.height:
		return chain.Refuse(chain.RefusedExpired, "the transaction was valid until height %d, and height %d is decided: sign it again with a later one",
			body.ValidUntil, p.height)
	}
	return nil
}

// refuseAgainst holds tx against its account: the nonce, what it would replace, and the balance.
func (p *Pool) refuseAgainst(tx *Tx, a *account) error {
	next := a.nonce + 1
	switch n := tx.Body.Nonce; {
	case n < next:
		return chain.Refuse(chain.RefusedNonceUsed, "nonce %d is used: the account's next transaction has nonce %d", n, next)
	case n-next >= uint64(p.cfg.MaxPerAccount):
		return chain.Refuse(chain.RefusedNonceGap, "nonce %d is too far ahead: the account's next is %d, and at most %d may wait",
			n, next, p.cfg.MaxPerAccount)
	}
	waiting := a.cost
	if i, there := a.find(tx.Body.Nonce); there {
		old := a.txs[i]
		if need := replacementFee(old.Body.Fee); tx.Body.Fee < need {
			return chain.Refuse(chain.RefusedFee, "another transaction of this account with nonce %d is waiting: to replace it pay a fee of at least %s POS",
				tx.Body.Nonce, chain.FormatPOS(need))
		}
		waiting -= old.Cost()
	}
	if waiting > a.balance || tx.Cost() > a.balance-waiting {
		return chain.Refuse(chain.RefusedBalance, "amount and fee are %s POS, but the account has %s POS, of which its waiting transactions take %s POS",
			chain.FormatPOS(tx.Cost()), chain.FormatPOS(a.balance), chain.FormatPOS(waiting))
	}
	return nil
}

// replacementFee is the least fee that replaces a transaction of this fee: a tenth more, and one unit at least.
func replacementFee(old uint64) uint64 { return old + max(1, (old+9)/10) }
