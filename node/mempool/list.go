package mempool

import (
	"slices"

	"github.com/posnet/posnet/node/chain"
)

// Has reports whether the transaction is waiting.
func (p *Pool) Has(id chain.Hash) bool { return p.Get(id) != nil }

// Get returns the waiting transaction, or nil.
func (p *Pool) Get(id chain.Hash) *Tx {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.byID[id]
}

// List returns up to limit waiting transactions, executable and queued, in order of arrival: those after the one with
// sequence number after (0: from the start). The Seq of the last one is the cursor of the next page.
func (p *Pool) List(after uint64, limit int) []*Tx {
	p.mu.RLock()
	defer p.mu.RUnlock()
	all := make([]*Tx, 0, len(p.byID))
	for _, tx := range p.byID {
		if tx.Seq > after {
			all = append(all, tx)
		}
	}
	slices.SortFunc(all, func(a, b *Tx) int {
		if a.Seq < b.Seq {
			return -1
		}
		return 1
	})
	return all[:min(max(limit, 0), len(all))]
}

// Arrived is the sequence number of the last transaction that was let in.
func (p *Pool) Arrived() uint64 {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.seq
}

// Waiting returns the executable transactions up to a sequence number, those of an account in the order of their nonces. An
// account's are left out from the first that arrived later on.
func (p *Pool) Waiting(until uint64) []*Tx {
	p.mu.RLock()
	defer p.mu.RUnlock()
	out := make([]*Tx, 0, p.ready)
	for _, a := range p.accounts {
		for _, tx := range a.txs[:a.ready] {
			if tx.Seq > until {
				break
			}
			out = append(out, tx)
		}
	}
	return out
}

// Stats is the size of a pool at one moment.
type Stats struct {
	Transactions int    `json:"transactions"`
	Executable   int    `json:"executable"`
	Bytes        int    `json:"bytes"` // of encoded transactions
	Accounts     int    `json:"accounts"`
	Dropped      uint64 `json:"dropped"` // since the start: left without being in a block

	MaxTransactions int `json:"-"` // the bounds
	MaxBytes        int `json:"-"`
}

// Stats returns the sizes now.
func (p *Pool) Stats() Stats {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return Stats{
		Transactions: len(p.byID), Executable: p.ready, Bytes: p.bytes,
		Accounts: len(p.accounts), Dropped: p.dropped,
		MaxTransactions: p.cfg.MaxTxs, MaxBytes: p.cfg.MaxBytes,
	}
}
