package mempool

import (
	"bytes"
	"container/heap"

	"github.com/posnet/posnet/node/chain"
)

// blockOverhead is what a transaction adds to a block beyond its bytes: the head of a CBOR byte string of up to
// [chain.MaxTxBytes].
const blockOverhead = 3

// Select returns executable transactions for the next block: at most maxTxs, and at most maxBytes in the block's
// encoding. Applied in this order to the decided state, each finds its nonce next and its balance there. Among accounts
// the higher fee goes first, then the earlier arrival. The pool keeps them until [Pool.Committed].
func (p *Pool) Select(maxTxs, maxBytes int) []*Tx {
	p.mu.RLock()
	defer p.mu.RUnlock()
	next := make(byFee, 0, len(p.accounts))
	for _, a := range p.accounts { // the heap's order is total, so the map's does not matter
		if a.ready > 0 {
			next = append(next, turn{a: a})
		}
	}
	heap.Init(&next)
	out := make([]*Tx, 0, max(0, min(maxTxs, p.ready)))
	for len(next) > 0 && len(out) < maxTxs {
		t := &next[0]
		tx := t.tx()
		if size := len(tx.Raw) + blockOverhead; size <= maxBytes {
			maxBytes -= size
			out = append(out, tx)
			t.i++
		} else {
			t.i = t.a.ready // what follows in this account needs this one first
		}
		if t.i < t.a.ready {
			heap.Fix(&next, 0)
		} else {
			heap.Pop(&next)
		}
	}
	return out
}

// turn is the next transaction of an account during selection.
type turn struct {
	a *account
	i int
}

func (t *turn) tx() *Tx { return t.a.txs[t.i] }

type byFee []turn

func (q byFee) Len() int      { return len(q) }
func (q byFee) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q byFee) Less(i, j int) bool {
	a, b := q[i].tx(), q[j].tx()
	if a.Body.Fee != b.Body.Fee {
		return a.Body.Fee > b.Body.Fee
	}
	return a.Seq < b.Seq
}
func (q *byFee) Push(x any) { *q = append(*q, x.(turn)) }
func (q *byFee) Pop() any {
	last := len(*q) - 1
	t := (*q)[last]
	*q = (*q)[:last]
	return t
}

// Executable returns how many waiting transactions could be in the next block. It is a count that is kept, not made.
func (p *Pool) Executable() int {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.ready
}

// Opened gives the transaction of these signed bytes, and its id, if the pool holds exactly them, and so has verified every
// signature in them: whoever executes a block need not do it again. Change nothing in it.
func (p *Pool) Opened(raw []byte) (*chain.SignedTx, chain.Hash, bool) {
	id := chain.Sum(chain.BodyOf(raw))
	p.mu.RLock()
	defer p.mu.RUnlock()
	if tx := p.byID[id]; tx != nil && bytes.Equal(tx.Raw, raw) {
		return tx.signed, id, true
	}
	return nil, chain.Hash{}, false
}

// NextNonce returns the nonce of the next transaction of addr: after the decided ones and those that wait without a gap.
func (p *Pool) NextNonce(addr chain.Address) (uint64, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	_, nonce, err := p.cfg.State.Account(addr)
	if err != nil {
		return 0, stateError(addr, err)
	}
	next := nonce + 1
	if a := p.accounts[addr]; a != nil {
		for _, tx := range a.txs {
			if tx.Body.Nonce == next {
				next++
			}
		}
	}
	return next, nil
}
